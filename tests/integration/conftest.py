"""The database of a test, as settings and as a session that does not use the store."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from service.settings import Settings


@pytest.fixture
def settings(database_url: str) -> Settings:
    """The settings of a process that uses this database, all others as they are by default."""
    return Settings(database_url=database_url)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A session of the test's own."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()
