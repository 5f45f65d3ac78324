"""A broker and databases on which each part of the service has only the privileges that deploy/ documents."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from consumers.kafka.client import connection
from service.settings import load
from service.stack.apache.cluster import Apache
from tests.support.acl import Acl, documented
from tests.support.broker_admin import BrokerAdmin, broker_admin
from tests.support.database_roles import database_with_roles
from tests.support.ladder import running
from tests.support.least_privilege import ADMIN, BROKER, LeastPrivilegeRegistry, allow, login
from tests.support.registry import registry_settings


@pytest.fixture(scope="package")
async def kafka() -> AsyncIterator[Apache]:
    """A broker with users and an authorizer."""
    kafka = Apache(settings=BROKER)
    async with running(kafka):
        yield kafka


@pytest.fixture(scope="package")
def kafka_bootstrap(kafka: Apache) -> str:
    """The address of this broker."""
    return kafka.address


@pytest.fixture
async def database_url(postgres_url: str) -> AsyncIterator[str]:
    """A database with the roles, for its superuser."""
    async with database_with_roles(postgres_url) as url:
        yield url


@pytest.fixture
async def admin(kafka: Apache) -> AsyncIterator[BrokerAdmin]:
    """An administrator of the broker."""
    options = connection(load({"kafka_bootstrap_servers": kafka.address, **login(ADMIN)}))
    del options["bootstrap_servers"], options["client_id"]
    async with broker_admin(kafka.address, **options) as admin:
        yield admin


@pytest.fixture
async def acls(admin: BrokerAdmin, topic_prefix: str) -> list[Acl]:
    """The ACLs of the document for the topics of this test, which are in force."""
    acls = documented(topic_prefix, group=topic_prefix)
    for acl in acls:
        await allow(admin, acl)
    return acls


@pytest.fixture
async def registry(
    database_url: str, kafka_bootstrap: str, topic_prefix: str, tmp_path: Path, acls: list[Acl]
) -> AsyncIterator[LeastPrivilegeRegistry]:
    """A registry for one test, without a process. The test itself is an administrator of the broker."""
    assert acls
    settings = registry_settings(database_url, kafka_bootstrap, topic_prefix, tmp_path, idempotent=True) | login(ADMIN)
    registry = LeastPrivilegeRegistry(settings, tmp_path, database_url)
    async with registry.open():
        yield registry
