"""The servers of the fault tests, shared by all tests; --broker chooses the broker."""

from collections.abc import AsyncIterator

import pytest

from tests.chaos.site import BrokerKind, Site


@pytest.fixture(scope="session")
async def site(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """One database server and one broker behind proxies."""
    kind: BrokerKind = "apache" if pytestconfig.getoption("--broker") == "apache" else "tansu"
    async with Site(kind, folder=tmp_path_factory.mktemp("chaos")).open() as opened:
        yield opened
