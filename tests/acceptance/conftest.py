"""Registries for acceptance tests: service processes with a real broker and a real database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.ladder import Rung
from tests.support.registry import Registry, new_registry, registry_settings
from tests.support.replies import Replies


@pytest.fixture(scope="module")
def broker(broker_rung: Rung) -> str:
    """The kind of broker of this test run, as an option of `dev`."""
    return "apache" if broker_rung.is_apache else "tansu"


@pytest.fixture
async def registry(
    database_url: str, kafka_bootstrap: str, broker_rung: Rung, topic_prefix: str, tmp_path: Path
) -> AsyncIterator[Registry]:
    """A registry for one test, without a process."""
    settings = registry_settings(
        database_url, kafka_bootstrap, topic_prefix, tmp_path, idempotent=broker_rung.is_apache
    )
    async with Registry(settings, tmp_path).open() as registry:
        yield registry


@pytest.fixture(scope="module")
async def shared(
    postgres_url: str,
    database_template: str,
    kafka_bootstrap: str,
    broker_rung: Rung,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Registry]:
    """A registry with one process, shared by the tests of a module; each test uses its own ids."""
    folder, idempotent = tmp_path_factory.mktemp("registry"), broker_rung.is_apache
    async with new_registry(
        postgres_url, database_template, kafka_bootstrap, folder, idempotent=idempotent
    ) as registry:
        await registry.started()
        yield registry


@pytest.fixture
def refused(topic_prefix: str) -> str:
    """The name of a reply topic, which the test creates so that it refuses records."""
    return f"{topic_prefix}-refusing"


@pytest.fixture
async def replies(registry: Registry, refused: str, other: str) -> AsyncIterator[Replies]:
    """What comes out of a process that may reply on both topics; `other` takes everything, and is followed.

    The modules that test refusals create `other`, each in its own way.
    """
    service = await registry.started(reply_topics=f"{refused},{other}")
    async with Replies(registry, service).open() as replies:
        await replies.follow(other)
        yield replies
