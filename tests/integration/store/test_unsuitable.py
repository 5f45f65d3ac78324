"""Databases that are refused: an encoding other than UTF8, and sessions behind a pooler in transaction mode."""

import secrets
from collections.abc import AsyncIterator

import asyncpg
import pytest

from service.settings import Settings
from service.store.errors import StoreUnsuitable
from service.store.migrate import migrate
from service.store.pool import connect, create_pool, fetch
from tests.support.database import url_of
from tests.support.transaction_pooler import transaction_pooler


@pytest.fixture(params=["LATIN1", "SQL_ASCII"])
async def encoded_url(postgres_url: str, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """The URL of an empty database with another encoding."""
    name = f"test_{secrets.token_hex(6)}"
    server = await asyncpg.connect(postgres_url)
    options = f"TEMPLATE template0 ENCODING '{request.param}' LOCALE_PROVIDER libc LOCALE 'C'"
    await server.execute(f'CREATE DATABASE "{name}" {options}')
    try:
        yield url_of(postgres_url, name)
    finally:
        await server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await server.close()


async def test_another_encoding_is_refused_by_migrate_and_by_every_session(encoded_url: str) -> None:
    settings = Settings(database_url=encoded_url)
    for refused in (migrate(settings), connect(settings, "test")):
        with pytest.raises(StoreUnsuitable, match=r"has the encoding \w+, .*: create a database with ENCODING 'UTF8'"):
            await refused
    session = await asyncpg.connect(encoded_url)
    try:
        assert await session.fetchval("SELECT to_regclass('schema_migrations')") is None, "nothing was migrated"
    finally:
        await session.close()


async def test_a_pooler_in_transaction_mode_is_refused_by_every_session(database_url: str) -> None:
    async with transaction_pooler(database_url) as url:
        settings = Settings(database_url=url)
        pool = await create_pool(settings, "test")
        try:
            for refused in (connect(settings, "test"), fetch(pool, "SELECT 1"), migrate(settings)):
                with pytest.raises(StoreUnsuitable, match=r"pooler .* another session: use session mode"):
                    await refused
        finally:
            pool.connections.terminate()


async def test_a_direct_connection_is_not_refused(settings: Settings) -> None:
    connection = await connect(settings, "test")
    assert await connection.fetchval("SELECT 1") == 1
    connection.terminate()
