"""The offset fence while another transaction keeps old row versions, and when two writers start one partition."""

import asyncio
from contextlib import nullcontext
from functools import partial

import asyncpg
import pytest

from service.settings import Settings
from service.store.command_store import CommandStore
from service.store.errors import StoreRace
from service.store.offset_fence import OffsetFence, OffsetFenceStore
from tests.integration.store.conftest import ORIGIN
from tests.support import scenario
from tests.support.database import WAITING
from tests.support.foreign import KINDS, open_transaction
from tests.support.record import TOPICS, FakeRecord, Log
from tests.support.touched import pages_touched
from tests.support.wait import eventually

PARTITIONS = 4
FEW, MANY = 10, 300
"""Numbers of batches before the first measurement, and between it and the last one."""

MEASUREMENTS = 5

PAGES_OF_A_PARTITION = 16
"""Limit of pages per batch: the index is searched four times, to find, lock and write a mark and its index entry."""


@pytest.mark.parametrize("kind", [*KINDS, None])
async def test_pages_of_marks_per_batch_do_not_grow_with_the_number_of_batches(
    command_store: CommandStore,
    database: "asyncpg.Connection[asyncpg.Record]",
    postgres_url: str,
    database_url: str,
    kind: str | None,
) -> None:
    # A vacuum touches pages, too, and must not be the reason for short reads.
    await database.execute("ALTER TABLE offset_mark SET (autovacuum_enabled = false)")
    await command_store.apply(scenario.directory().read())
    logs = [Log(TOPICS.commands, partition, f"/{partition}") for partition in range(PARTITIONS)]

    async def batches(count: int) -> None:
        for _ in range(count):
            for log in logs:
                scenario.create_group(log, f"c{len(log.records)}", f"g{log.partition}-{len(log.records)}")
            # As the reader does: it knows the offsets that it has reached.
            reached = {(log.topic, log.partition): len(log.records) - 1 for log in logs if len(log.records) > 1}
            await command_store.apply([parsed for log in logs for parsed in log.read()], reached)

    async def pages() -> int:
        session = await command_store._session()
        # Some batches search for a page with free space, or split a page of the index.
        return min(
            [(await pages_touched(session, database, partial(batches, 1)))["offset_mark"] for _ in range(MEASUREMENTS)]
        )

    async with open_transaction(kind, postgres_url, database_url) if kind else nullcontext():
        await batches(FEW)
        first = await pages()
        await batches(MANY)
        # New statistics of the table must not lead to another plan.
        await database.execute("ANALYZE offset_mark")
        await batches(FEW)
        last = await pages()
    assert max(first, last) <= PARTITIONS * PAGES_OF_A_PARTITION, (first, last)


def marks(first: int) -> OffsetFence:
    """Return the fence of a batch with one record."""
    return OffsetFence(ORIGIN, [FakeRecord(TOPICS.commands, 7, first, None, None, ())])


async def test_second_writer_continues_behind_the_first_when_both_start_a_partition(
    database: "asyncpg.Connection[asyncpg.Record]", database_url: str
) -> None:
    other = await asyncpg.connect(database_url)
    second = marks(9)
    async with database.transaction():
        first = marks(5)
        await first.claim(database)
        await other.execute("BEGIN")
        waiting = asyncio.create_task(second.claim(other))
        await eventually(lambda: database.fetchval(WAITING), what="a waiting claim")
        await first.move(database)
    await waiting
    await second.move(other)
    await other.execute("COMMIT")
    await other.close()
    assert [row[0] for row in await database.fetch("SELECT next_offset FROM offset_mark")] == [10]


async def test_a_writer_with_an_old_snapshot_does_not_move_the_mark(
    database: "asyncpg.Connection[asyncpg.Record]", database_url: str
) -> None:
    """Another writer starts the partition between the snapshot of the claim and its lock."""
    other = await asyncpg.connect(database_url)
    claimed = marks(9)
    await other.execute("BEGIN")
    await claimed.claim(other)
    # Skip the lock for starting a partition, as if its holder had committed already.
    await database.execute(
        "INSERT INTO offset_mark (cluster_id, topic, topic_id, partition, next_offset) VALUES ($1, $2, $3, 7, 6)",
        ORIGIN.cluster_id,
        TOPICS.commands,
        ORIGIN.topic_ids[TOPICS.commands],
    )
    with pytest.raises(StoreRace):
        await claimed.move(other)
    await other.close()
    assert [row[0] for row in await database.fetch("SELECT next_offset FROM offset_mark")] == [6]


async def test_a_writer_that_waits_for_a_mark_sees_the_offset_of_the_first_one(
    database: "asyncpg.Connection[asyncpg.Record]", database_url: str, settings: Settings
) -> None:
    await OffsetFenceStore(settings, ORIGIN).claim({(TOPICS.commands, 7): 5})
    other = await asyncpg.connect(database_url)
    second = marks(5)
    async with database.transaction():
        first = marks(5)
        await first.claim(database)
        await first.move(database)
        await other.execute("BEGIN")
        waiting = asyncio.create_task(second.claim(other))
        await eventually(lambda: database.fetchval(WAITING), what="a waiting claim")
    await waiting
    await other.close()
    assert not second.is_fresh(FakeRecord(TOPICS.commands, 7, 5, None, None, ()))
    assert second.is_fresh(FakeRecord(TOPICS.commands, 7, 6, None, None, ()))


async def test_claim_adds_missing_marks_and_move_sets_any_offset(settings: Settings) -> None:
    store = OffsetFenceStore(settings, ORIGIN)
    place = TOPICS.commands, 7
    await asyncio.gather(*(store.claim({place: offset}) for offset in (5, 6, 7)))
    found = await store.marks()
    assert found[place] in {5, 6, 7}
    await store.claim({place: 9, (TOPICS.commands, 8): 1})
    assert await store.marks() == {**found, (TOPICS.commands, 8): 1}
    await store.move({place: 2})
    assert await store.marks() == {place: 2, (TOPICS.commands, 8): 1}
