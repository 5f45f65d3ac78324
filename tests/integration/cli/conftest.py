"""Fixtures for tests of the command line on a database."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from service.store.pool import Connection


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()
