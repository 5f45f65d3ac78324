"""The application on a database of the test's own, and on one that all tests here share.

Making a database costs a second: what only reads, or puts back what it changed, takes the shared one.
"""

from collections.abc import AsyncIterator

import pytest

from tests.integration.http import seeds
from tests.integration.http.asker import Asker
from tests.integration.http.asker import asker as opened
from tests.support import database


@pytest.fixture
async def asker(database_url: str) -> AsyncIterator[Asker]:
    """Somebody who asks an empty registry."""
    async with opened(database_url) as one:
        yield one


@pytest.fixture(scope="session")
async def reported(postgres_url: str, database_template: str) -> AsyncIterator[Asker]:
    """Somebody who asks a registry that knows what the seeds tell; change it within `meanwhile` only."""
    async with (
        database.made_database(postgres_url, database_template) as name,
        opened(database.url_of(postgres_url, name)) as one,
    ):
        await one.save(seeds.WORLD)
        yield one
