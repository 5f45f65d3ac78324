"""The site of the fault tests, shared by all of them; --broker chooses its broker."""

from collections.abc import AsyncIterator

import pytest

from tests.chaos.site import Site


@pytest.fixture(scope="session")
async def site(pytestconfig: pytest.Config) -> AsyncIterator[Site]:
    """One database server and one broker behind proxies."""
    async with Site("apache" if pytestconfig.getoption("--broker") == "apache" else "tansu").open() as opened:
        yield opened
