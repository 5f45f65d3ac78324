"""Every session has the settings that correctness depends on, whatever is configured for the database."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

import service
from service.settings import Settings
from service.store.command_store import CommandStore
from service.store.errors import StoreUnavailable, StoreUnsuitable
from service.store.lock import BEGIN_ALONE, BEGIN_SHARED
from service.store.outbox_store import OutboxStore
from service.store.pool import Connection, Pool, connect, create_pool, fetch, transaction
from service.store.session import prepare
from tests.integration.store.conftest import ORIGIN
from tests.support import database as databases
from tests.support import scenario
from tests.support.record import TOPICS, Log
from tests.support.wait import eventually

WRONG = {
    "default_transaction_isolation": "repeatable read",
    "default_transaction_read_only": "on",
    "synchronous_commit": "off",
    "statement_timeout": "7777",
    "lock_timeout": "7777",
    "idle_session_timeout": "77777",
    "client_connection_check_interval": "0",
    "timezone": "America/New_York",
    "max_parallel_workers_per_gather": "4",
}
PINNED = {
    "default_transaction_isolation": "read committed",
    "synchronous_commit": "on",
    "lock_timeout": "0",
    "idle_session_timeout": "0",
    "client_connection_check_interval": "1s",
    "TimeZone": "UTC",
    "max_parallel_workers_per_gather": "0",
}
SHOW = "SELECT n, current_setting(n) FROM unnest($1::text[]) AS n"


async def shown(connection: "asyncpg.Connection[asyncpg.Record]", *more: str) -> dict[str, str]:
    """Return the effective settings of PINNED and more."""
    return {row[0]: row[1] for row in await connection.fetch(SHOW, [*PINNED, *more])}


async def configure(database: "asyncpg.Connection[asyncpg.Record]", **settings: str) -> None:
    """Set defaults of the database for new sessions."""
    name = await database.fetchval("SELECT current_database()")
    for setting, value in settings.items():
        await database.execute(f"ALTER DATABASE \"{name}\" SET {setting} = '{value}'")


@pytest.fixture
async def misconfigured(database: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Configure the database as no session of the registry must be."""
    await configure(database, **WRONG)


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """A pool of readers with one connection, whose requests may take 5 seconds."""
    pool = await create_pool(
        Settings(database_url=database_url, database_pool_size=1, request_timeout_seconds=5), "test-reader"
    )
    yield pool
    pool.connections.terminate()


@pytest.mark.usefixtures("misconfigured")
async def test_a_session_overrides_the_defaults_of_the_database(settings: Settings) -> None:
    connection = await connect(settings, "test")
    try:
        found = await shown(connection, "default_transaction_read_only", "statement_timeout")
    finally:
        connection.terminate()
    assert found == {**PINNED, "default_transaction_read_only": "off", "statement_timeout": "30s"}


@pytest.mark.usefixtures("misconfigured")
async def test_a_reader_writes_nothing_and_its_statements_end_with_the_request(pool: Pool) -> None:
    expected = {**PINNED, "default_transaction_read_only": "on", "statement_timeout": "5s"}
    names = list(expected)
    assert dict(map(tuple, await fetch(pool, SHOW, names))) == expected
    assert dict(map(tuple, await fetch(pool, SHOW, names))) == expected, "the pool resets no settings"
    with pytest.raises(StoreUnavailable, match="read-only"):
        await fetch(pool, "DELETE FROM inbox")


async def test_the_statement_of_a_cancelled_read_ends(
    settings: Settings, database: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    running = (
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'producer-registry reader'"
        " AND datname = current_database() AND query LIKE '%pg_sleep%' AND state = 'active'"
    )

    async def runs() -> bool:
        return bool(await database.fetchval(running))

    async def ended() -> bool:
        return not await runs()

    pool = await create_pool(settings.model_copy(update={"request_timeout_seconds": 600}), "reader")
    try:
        read = asyncio.create_task(fetch(pool, "SELECT pg_sleep(600)"))
        await eventually(runs, what="the statement")
        read.cancel()
        await eventually(ended, deadline=15, what="the end of the statement")
    finally:
        pool.connections.terminate()


@pytest.mark.usefixtures("misconfigured")
async def test_a_long_first_scan_keeps_the_time_out_of_the_session(settings: Settings) -> None:
    store = OutboxStore(settings)
    await store.open(lambda _: None)
    try:
        await store.read([0])
        async with store._session() as session:
            assert await session.fetchval("SHOW statement_timeout") == "30s"
    finally:
        await store.close()


async def test_a_foreign_code_is_refused_after_a_concurrent_change_of_the_organization(
    settings: Settings, database: "asyncpg.Connection[asyncpg.Record]", database_url: str
) -> None:
    await configure(database, default_transaction_isolation="repeatable read")
    store = CommandStore(settings, TOPICS, origin=ORIGIN)
    directory = scenario.directory()
    directory.send("o9", "organization.put", "pc:1", {"displayName": "Armstrong and Company", "insurer": True})
    log = Log()
    other = await asyncpg.connect(database_url)
    try:
        await store.apply(directory.read())
        scenario.create_code(log, "c1", "code-1", "301-1", organization="pc:4")
        scenario.create_group(log, "c2", "group-1", organization="pc:1")
        await store.apply(log.read())
        log.send("c3", "group.add-producer-code", "group-1", {"producerCode": {"id": "code-1"}})

        await other.execute(BEGIN_ALONE)
        deciding = asyncio.create_task(store.apply(log.read()))

        async def waits() -> bool:
            return bool(await database.fetch(databases.WAITING))

        await eventually(waits, what="the batch")
        await other.execute("UPDATE organization SET insurer = false, version = version + 1 WHERE id = 'pc:1'")
        await other.execute("COMMIT")
        applied = await deciding
    finally:
        await other.close()
        await store.close()
    assert [message.type for message in applied.messages] == ["producer-registry.command.rejected.v1"]


async def test_every_transaction_names_its_isolation_level(settings: Settings) -> None:
    connection = await connect(settings, "test")
    try:
        await connection.execute("SET default_transaction_isolation = 'repeatable read'")
        async with transaction(connection):
            assert await connection.fetchval("SHOW transaction_isolation") == "read committed"
        for begin in (BEGIN_ALONE, BEGIN_SHARED):
            await connection.execute(begin)
            assert await connection.fetchval("SHOW transaction_isolation") == "read committed"
            await connection.execute("ROLLBACK")
    finally:
        connection.terminate()
    folder = Path(service.__file__).parent
    assert [path.name for path in folder.rglob("*.py") if ".transaction()" in path.read_text()] == []


async def test_a_session_that_loses_its_settings_is_refused(settings: Settings) -> None:
    class Forgetful(Connection):
        async def execute(self, query: str, *args: object, **more: float | None) -> str:
            return "SET" if query.startswith("SET") else await super().execute(query, *args, **more)

    connection = await asyncpg.connect(settings.database_url, connection_class=Forgetful)
    try:
        with pytest.raises(StoreUnsuitable, match=r"does not keep its settings \(jit is on\): connect to PostgreSQL"):
            await prepare(connection, {"jit": "off", "TimeZone": "UTC"})
    finally:
        connection.terminate()
