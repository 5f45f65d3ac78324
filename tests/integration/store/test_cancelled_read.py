"""A cancelled read ends its statement on the server before another statement takes its connection."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import asyncpg
import pytest

from service.settings import Settings
from service.store.pool import Pool, create_pool, fetch
from tests.support.wait import eventually

CONNECTIONS = 2
ENDLESS = "SELECT pg_sleep(600), $1::text AS round"
# A session is already active while it opens and while it prepares a statement; then there is nothing to cancel.
ACTIVE = """
    SELECT query FROM pg_stat_activity
    WHERE application_name = 'producer-registry reader' AND datname = current_database() AND wait_event = 'PgSleep'
"""


@dataclass(frozen=True, slots=True)
class Reads:
    """Reads of a pool that would never end, and the statements that run on the server."""

    pool: Pool
    database: "asyncpg.Connection[asyncpg.Record]"

    def begin(self, name: str) -> "list[asyncio.Task[list[asyncpg.Record]]]":
        """Start a read on each connection of the pool."""
        query = ENDLESS.replace("round", name)
        return [asyncio.create_task(fetch(self.pool, query, "")) for _ in range(CONNECTIONS)]

    async def active(self) -> list[str]:
        """Return the statements that are running."""
        return [row["query"] for row in await self.database.fetch(ACTIVE)]

    def count(self, number: int) -> Callable[[], Awaitable[bool]]:
        """Return the condition that this many statements are running."""

        async def is_true() -> bool:
            return len(await self.active()) == number

        return is_true


@pytest.fixture
async def reads(database_url: str, database: "asyncpg.Connection[asyncpg.Record]") -> AsyncIterator[Reads]:
    """Return reads of which the server ends none by itself."""
    settings = Settings(
        database_url=database_url,
        database_pool_size=CONNECTIONS,
        database_command_timeout_seconds=600,
        request_timeout_seconds=600,
    )
    pool = await create_pool(settings, "reader")
    yield Reads(pool, database)
    pool.connections.terminate()


async def test_no_statement_of_a_cancelled_read_runs_beside_the_next_one(reads: Reads) -> None:
    running = reads.begin("round_0")
    for number in range(1, 6):
        await eventually(reads.count(CONNECTIONS), what="the statements")
        for read in running:
            read.cancel()
        name = f"round_{number}"
        running = reads.begin(name)
        active: list[str] = []
        # No pause: a statement of the last round that goes on must be seen beside those of this round.
        while sum(name in query for query in active) < CONNECTIONS:
            active = await reads.active()
        assert len(active) == CONNECTIONS, active
    for read in running:
        read.cancel()
    await eventually(reads.count(0), what="the end of the statements")


async def test_a_complete_read_sends_no_other_query(reads: Reads) -> None:
    await fetch(reads.pool, "SELECT 1")
    [session] = await reads.database.fetch(
        "SELECT pid FROM pg_stat_activity"
        " WHERE application_name = 'producer-registry reader' AND datname = current_database()"
    )
    for _ in range(3):
        await fetch(reads.pool, "SELECT 1")
        # The connection is released in the background.
        await asyncio.sleep(0.05)
        last = await reads.database.fetchval("SELECT query FROM pg_stat_activity WHERE pid = $1", session["pid"])
        assert last == "SELECT 1"
