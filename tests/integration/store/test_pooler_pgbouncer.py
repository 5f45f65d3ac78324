"""Debian's PgBouncer: session mode works, the other modes are refused."""

import asyncio
from datetime import date

import asyncpg
import pytest

from service.settings import Settings
from service.store.code_page import Page
from service.store.command_store import CommandStore
from service.store.errors import StoreUnsuitable
from service.store.migrate import known_versions, migrate
from service.store.outbox_store import OutboxStore
from service.store.pool import connect, create_pool, fetch
from service.store.read_store import ReadStore
from tests.integration.store.conftest import ORIGIN
from tests.support import scenario
from tests.support.pgbouncer import Mode, pgbouncer
from tests.support.record import TOPICS, Log
from tests.support.wait import eventually

REFUSED = r"behind a pooler that gives each transaction another session: use session mode"

LOST = r"the session does not keep its settings .* through a pooler that keeps the settings of a session"


@pytest.mark.parametrize("mode", ["transaction", "statement"])
@pytest.mark.parametrize("order", [0, 1], ids=["last in first out", "round robin"])
@pytest.mark.parametrize("size", [1, 20])
async def test_a_mode_without_sessions_is_refused(database_url: str, mode: Mode, order: int, size: int) -> None:
    settings = {"server_round_robin": order, "default_pool_size": size, "query_wait_timeout": 5}
    async with pgbouncer(database_url, mode, **settings) as url:
        with pytest.raises(StoreUnsuitable, match=REFUSED):
            await connect(Settings(database_url=url), "test")


async def test_transaction_mode_is_refused_beside_the_transactions_of_others(database_url: str) -> None:
    async with pgbouncer(database_url, "transaction") as url:
        busy = [asyncio.create_task(_load(url)) for _ in range(4)]
        try:
            for _ in range(100):
                # By chance both connections of the check have the sessions that they had; the settings are lost then.
                with pytest.raises(StoreUnsuitable, match=f"{REFUSED}|{LOST}"):
                    await connect(Settings(database_url=url), "test")
        finally:
            for task in busy:
                task.cancel()
            await asyncio.gather(*busy, return_exceptions=True)


async def _load(url: str) -> None:
    connection = await asyncpg.connect(url, statement_cache_size=0)
    try:
        while True:
            await connection.execute("SELECT pg_sleep(0.002)")
    finally:
        connection.terminate()


async def test_the_registry_works_through_session_mode(empty_database_url: str) -> None:
    async with pgbouncer(empty_database_url, "session") as url:
        settings = Settings(database_url=url)
        assert await migrate(settings) == known_versions()
        store, relay = CommandStore(settings, TOPICS, origin=ORIGIN), OutboxStore(settings)
        pool = await create_pool(settings, "api")
        log, notes = Log(), list[str]()
        try:
            await store.apply(scenario.directory().read())
            scenario.create_code(log, "c1", "code-1", "301-1")
            scenario.create_user(log, "c2", "user-1")
            await relay.open(notes.append)
            assert await relay.lock(range(16)) == frozenset(range(16))
            applied = await store.apply(log.read())
            await eventually(lambda: notes, what="the notification")
            assert sum(frame.messages for frame in await relay.read(range(16))) == 6 * 3 + len(applied.messages) + len(
                applied.states
            )
            items = await ReadStore(pool).codes_of_caller(
                "user-1", renewal=False, on=date(2026, 11, 22), visible=[], page=Page()
            )
            assert items is not None
            assert [row[0] for row in await fetch(pool, "SHOW statement_timeout")] == ["10s"]
            other = OutboxStore(settings)
            await other.open(notes.append)
            assert await other.lock(range(16)) == frozenset(), "locks belong to sessions"
            await relay.close()

            async def locked() -> bool:
                return len(await other.lock(range(16))) == 16

            await eventually(locked, what="the locks of the session that ended")
            await other.close()
        finally:
            pool.connections.terminate()
            await relay.close()
            await store.close()
