"""The real store on a separate database, and the stub with the same guarantees."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from service.settings import Settings
from service.store.command_store import CommandStore
from service.store.offset_fence import Origin
from tests.support.memory_store import MemoryStore
from tests.support.record import TOPICS
from tests.support.scenario import directory
from tests.support.waiting_writers import Writers

ALL = frozenset(range(16))
ORIGIN = Origin("cluster", {TOPICS.commands: "commands", TOPICS.operator_commands: "operator"})


@pytest.fixture
async def command_store(settings: Settings) -> AsyncIterator[CommandStore]:
    store = CommandStore(settings, TOPICS, origin=ORIGIN, held=lambda: ALL)
    yield store
    await store.close()


@pytest.fixture(params=["memory", "postgresql"])
def store(request: pytest.FixtureRequest) -> CommandStore | MemoryStore:
    """A store: each test that uses it runs with both."""
    if request.param == "memory":
        return MemoryStore()
    found: CommandStore = request.getfixturevalue("command_store")
    return found


async def read_as_a_whole(database: "asyncpg.Connection[asyncpg.Record]") -> dict[str, int]:
    """Return the number of sequential scans of each table that sessions have reported so far."""
    rows = await database.fetch("SELECT relname, seq_scan FROM pg_stat_user_tables WHERE seq_scan > 0")
    return {row["relname"]: row["seq_scan"] for row in rows}


@pytest.fixture
async def writers(settings: Settings) -> AsyncIterator[Writers]:
    writers = Writers(settings, ORIGIN)
    await writers.first.apply(directory().read())
    yield writers
    for store in (writers.first, writers.second, writers.waiting):
        await store.close()
