"""One broker with an authorizer for the tests of this folder, in place of the one that all tests share."""

from collections.abc import AsyncIterator

import pytest

from service.stack.apache.cluster import Apache
from tests.support.broker_admin import AUTHORIZER, BrokerAdmin, broker_admin
from tests.support.ladder import running


@pytest.fixture(scope="package")
async def kafka() -> AsyncIterator[Apache]:
    """A broker with an authorizer, which other tests do not need."""
    kafka = Apache(settings=AUTHORIZER)
    async with running(kafka):
        yield kafka


@pytest.fixture(scope="package")
def kafka_bootstrap(kafka: Apache) -> str:
    """The address of the broker with the authorizer."""
    return kafka.address


@pytest.fixture
async def admin(kafka: Apache) -> AsyncIterator[BrokerAdmin]:
    """An administrator of the broker."""
    async with broker_admin(kafka.address) as admin:
        yield admin
