"""The command line on a database of its own."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from service.store.pool import Connection


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()
