"""What a batch reads does not grow while somebody else's transaction keeps old marks; two never start one partition."""

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
"""Batches before the first look, and between it and the last one."""

LOOKS = 5

PAGES_OF_A_PARTITION = 16
"""Finding its mark, locking it, and writing the next one with its entry in the index: four ways down from its top."""


@pytest.mark.parametrize("kind", [*KINDS, None])
async def test_a_batch_touches_no_more_pages_of_marks_the_more_batches_there_were(
    command_store: CommandStore,
    database: "asyncpg.Connection[asyncpg.Record]",
    postgres_url: str,
    database_url: str,
    kind: str | None,
) -> None:
    # A vacuum would touch pages, too, and must not be what keeps the reads short.
    await database.execute("ALTER TABLE offset_mark SET (autovacuum_enabled = false)")
    await command_store.apply(scenario.directory().read())
    logs = [Log(TOPICS.commands, partition, f"/{partition}") for partition in range(PARTITIONS)]

    async def batches(count: int) -> None:
        for _ in range(count):
            for log in logs:
                scenario.create_group(log, f"c{len(log.records)}", f"g{log.partition}-{len(log.records)}")
            # As the reader does: it knows how far it got.
            reached = {(log.topic, log.partition): len(log.records) - 1 for log in logs if len(log.records) > 1}
            await command_store.apply([parsed for log in logs for parsed in log.read()], reached)

    async def pages() -> int:
        session = await command_store._session()
        # Now and then a batch looks for a page with room, or splits one of the index.
        return min([(await pages_touched(session, database, partial(batches, 1)))["offset_mark"] for _ in range(LOOKS)])

    async with open_transaction(kind, postgres_url, database_url) if kind else nullcontext():
        await batches(FEW)
        first = await pages()
        await batches(MANY)
        # What the server learns of the table must not lead to another plan.
        await database.execute("ANALYZE offset_mark")
        await batches(FEW)
        last = await pages()
    assert max(first, last) <= PARTITIONS * PAGES_OF_A_PARTITION, (first, last)


def marks(first: int) -> OffsetFence:
    """The marks of a batch of one record."""
    return OffsetFence(ORIGIN, [FakeRecord(TOPICS.commands, 7, first, None, None, ())])


async def test_of_two_that_start_a_partition_at_once_the_second_goes_on_behind_the_first(
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


async def test_one_that_starts_a_partition_with_an_old_view_of_it_does_not_move_it(
    database: "asyncpg.Connection[asyncpg.Record]", database_url: str
) -> None:
    """As when another one starts it between the snapshot of the claim and its lock."""
    other = await asyncpg.connect(database_url)
    claimed = marks(9)
    await other.execute("BEGIN")
    await claimed.claim(other)
    # Past the lock of starting, as one who had it and has committed by then.
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


async def test_who_waits_for_a_mark_sees_how_far_the_first_one_got(
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


async def test_a_mark_is_set_where_there_is_none_and_set_back_by_an_operator(settings: Settings) -> None:
    store = OffsetFenceStore(settings, ORIGIN)
    place = TOPICS.commands, 7
    await asyncio.gather(*(store.claim({place: offset}) for offset in (5, 6, 7)))
    found = await store.marks()
    assert found[place] in {5, 6, 7}
    await store.claim({place: 9, (TOPICS.commands, 8): 1})
    assert await store.marks() == {**found, (TOPICS.commands, 8): 1}
    await store.move({place: 2})
    assert await store.marks() == {place: 2, (TOPICS.commands, 8): 1}
