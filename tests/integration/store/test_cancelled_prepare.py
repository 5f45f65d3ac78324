"""A read that is cancelled while the server prepares its statement leaves no transaction, and so no lock, behind."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
import pytest

from service.settings import Settings
from service.store.pool import Pool, create_pool, fetch
from tests.support.proxy import Proxy
from tests.support.wait import eventually

QUERY = "SELECT id FROM producer_code WHERE id = $1"
PREPARED = """
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND state = 'active' AND query = $1 AND wait_event = 'ClientRead'
"""
LOCKS = "SELECT count(*) FROM pg_locks WHERE relation = 'producer_code'::regclass"


@pytest.fixture
async def proxy(database_url: str) -> AsyncIterator[Proxy]:
    """Return a proxy in front of the database."""
    parts = urlsplit(database_url)
    assert parts.hostname
    target = (parts.hostname, parts.port or 5432)
    one = Proxy(lambda: target)
    await one.start()
    yield one
    await one.stop()


@pytest.fixture
async def pool(database_url: str, proxy: Proxy) -> AsyncIterator[Pool]:
    """Return a pool of one connection, which goes through the proxy and is open."""
    parts = urlsplit(database_url)
    login = parts.netloc.rpartition("@")[0]
    url = parts._replace(netloc=f"{login}@127.0.0.1:{proxy.port}").geturl()
    one = await create_pool(Settings(database_url=url, database_pool_size=1), "reader")
    assert await fetch(one, "SELECT 1")
    yield one
    one.connections.terminate()


async def test_a_read_that_is_cancelled_when_its_statement_is_prepared_leaves_no_lock(
    pool: Pool, proxy: Proxy, database: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    with proxy.silent(up=False):
        read = asyncio.create_task(fetch(pool, QUERY, "pc:1"))
        await eventually(lambda: database.fetch(PREPARED, QUERY), what="the prepared statement")
        assert await database.fetchval(LOCKS) > 0
        reply = read._fut_waiter  # type: ignore[attr-defined]
    # The driver has the reply one step before the read goes on: the cancellation comes between two of its messages.
    while not reply.done():  # noqa: ASYNC110 - an event would be set after the read goes on
        await asyncio.sleep(0)
    read.cancel()
    await asyncio.wait((read,))
    assert read.cancelled()

    async def is_unlocked() -> bool:
        return bool(await database.fetchval(LOCKS) == 0)

    await eventually(is_unlocked, what="the end of the transaction")
    assert pool.generation == 1
