"""Rows that become visible late are published all the same, however often was looked meanwhile."""

import asyncpg
import pytest

from service.settings import Settings
from service.store.outbox_store import OutboxStore
from service.store.publishing import BLOCK, Publishing

ALL = frozenset(range(16))
ROW = (
    "INSERT INTO outbox (position, id, aggregatetype, aggregateid, type, shard, topic, headers)"
    " VALUES ($1, $2, 'dead-letter', '', '', 0, 'topic', '[]')"
)


async def write(connection: "asyncpg.Connection[asyncpg.Record]", id_: str) -> None:
    """Write a row as a batch does: a transaction id first, then a block, then the row."""
    await connection.execute("SELECT pg_current_xact_id()")
    block = await connection.fetchval("SELECT nextval('outbox_block')")
    await connection.execute(ROW, block * BLOCK, id_)


@pytest.mark.parametrize("looks", [1, 2, 5])
async def test_a_row_is_found_when_its_writer_ran_on_while_others_came_and_went(
    settings: Settings, database_url: str, looks: int
) -> None:
    publishing = Publishing(ALL)
    store = OutboxStore(settings, publishing)
    await store.open(lambda: None)
    slow, quick = await asyncpg.connect(database_url), await asyncpg.connect(database_url)
    running = slow.transaction()
    await running.start()
    await write(slow, "late")

    seen = [message.id for message in await store.collect()]
    for look in range(looks):
        async with quick.transaction():
            await write(quick, f"early-{look}")
        seen += [message.id for message in await store.collect()]
    await running.commit()
    for _ in range(2):
        seen += [message.id for message in await store.collect()]

    assert seen == [*(f"early-{look}" for look in range(looks)), "late"]
    await store.close()
    await slow.close()
    await quick.close()
