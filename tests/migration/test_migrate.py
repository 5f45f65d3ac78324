"""`producer-registry migrate` migrates any database to the newest schema, also when several processes run it."""

import asyncio

import asyncpg
import pytest

from service.settings import Settings
from service.store.errors import StoreUnavailable
from service.store.migrate import known_versions, migrate


async def test_everything_is_applied_when_the_database_is_empty(empty_database_url: str) -> None:
    assert await migrate(Settings(database_url=empty_database_url)) == known_versions()

    connection = await asyncpg.connect(empty_database_url)
    assert await connection.fetchval("SELECT count(*) FROM inbox") == 0
    await connection.close()


async def test_nothing_is_applied_when_run_again(empty_database_url: str) -> None:
    settings = Settings(database_url=empty_database_url)
    await migrate(settings)

    assert await migrate(settings) == []


async def test_each_migration_is_applied_once_when_three_start_together(empty_database_url: str) -> None:
    settings = Settings(database_url=empty_database_url)

    answers = await asyncio.gather(*(migrate(settings) for _ in range(3)))

    assert sorted(version for applied in answers for version in applied) == known_versions()


async def test_unavailable_is_raised_when_the_database_cannot_be_reached() -> None:
    with pytest.raises(StoreUnavailable, match="Connect"):
        await migrate(Settings(database_url="postgresql://nobody@127.0.0.1:1/registry"))
