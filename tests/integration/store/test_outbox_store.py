"""The outbox for the relay: the cost of a delete depends on the deleted rows, not on the backlog."""

import asyncpg
import pytest

from service.settings import Settings
from service.store import outbox_store
from service.store.errors import StoreUnavailable
from service.store.outbox_store import OutboxStore
from service.store.session import HOLDING_LOCKS
from tests.integration.store.conftest import read_as_a_whole
from tests.support.outbox import FIRST, message, put
from tests.support.touched import pages_touched
from tests.support.wait import eventually

FRAMES, DELETED = 20_000, 500

_FILL = """
    INSERT INTO outbox_frame (position, shard, topic, messages, raw_bytes, value)
    SELECT n, n % 16, 'topic', 1, 1, 'v' FROM generate_series(1, $1::int) AS n
"""


async def test_deleting_here_and_there_reads_no_more_than_that_when_much_waits(
    settings: Settings, database: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await database.execute(_FILL, FRAMES)
    before = await read_as_a_whole(database)
    outbox = OutboxStore(settings)
    await outbox.open(lambda _: None)
    # The published part of a chunk of which the broker accepted only some partitions.
    await outbox.settle([3 * number for number in range(1, DELETED + 1)])
    await outbox.close()

    async def reported() -> bool:
        # A session reports its counts when it ends, which takes a moment.
        deleted = await database.fetchval("SELECT n_tup_del FROM pg_stat_user_tables WHERE relname = 'outbox_frame'")
        return bool(deleted == DELETED)

    await eventually(reported, what="the counts of the relay's session")
    assert await read_as_a_whole(database) == before


async def test_the_shards_of_a_relay_that_hangs_become_free(
    settings: Settings, database: "asyncpg.Connection[asyncpg.Record]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(HOLDING_LOCKS, "idle_session_timeout", "300")
    hanging, other = OutboxStore(settings), OutboxStore(settings)
    await hanging.open(lambda _: None)
    assert await hanging.lock(range(16)) == frozenset(range(16))
    monkeypatch.undo()
    await other.open(lambda _: None)

    async def locked() -> bool:
        return len(await other.lock(range(16))) == 16

    await eventually(locked, what="all shards")
    with pytest.raises(StoreUnavailable):
        await hanging.read(range(16))
    await other.close()


@pytest.mark.parametrize(("limit", "least"), [("CHUNK_BYTES", 10), ("CHUNK_MESSAGES", 1)])
async def test_a_frame_is_read_when_it_alone_is_more_than_a_chunk_takes(
    settings: Settings,
    database: "asyncpg.Connection[asyncpg.Record]",
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
    least: int,
) -> None:
    monkeypatch.setattr(outbox_store, limit, least)
    await put(database, message(0), message(1))
    await put(database, message(2), message(3))
    outbox = OutboxStore(settings)
    await outbox.open(lambda _: None)
    first = await outbox.read(range(16))
    await outbox.settle([frame.position for frame in first])
    second = await outbox.read(range(16))
    await outbox.close()
    assert [frame.position for frame in first] == [FIRST]
    assert [frame.position for frame in second] == [FIRST + 2]


async def test_a_read_touches_what_a_chunk_takes_however_much_waits(
    settings: Settings, database: "asyncpg.Connection[asyncpg.Record]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_store, "CHUNK_MESSAGES", 10)
    await database.execute(_FILL, FRAMES)
    outbox = OutboxStore(settings)
    await outbox.open(lambda _: None)
    touched = await pages_touched(outbox._connection, database, lambda: outbox.read(range(16)))
    await outbox.close()
    assert touched["outbox_frame"] <= 20, "all of the table has more than a hundred"
