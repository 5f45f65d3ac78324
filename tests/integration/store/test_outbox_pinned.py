"""The reads of the relay do not grow while another transaction prevents the removal of old rows."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from functools import partial

import asyncpg
import pytest

from service.contract.message import Message
from service.settings import Settings
from service.store import outbox_store
from service.store.frame import frames_of
from service.store.frame_row import write_frames
from service.store.lock import BEGIN_SHARED
from service.store.outbox_store import OutboxStore
from service.store.position import BLOCK
from tests.integration.store.conftest import ALL
from tests.support.foreign import KINDS, SNAPSHOT, open_transaction
from tests.support.touched import pages_touched

FEW, MANY = 20, 400
"""Numbers of batches before the first measurement, and between it and the last one."""

MOST_PAGES = 12
"""Limit of pages of index and table per statement. The old rows of MANY batches fill about 70 pages of the table."""

TABLE = "outbox_frame"


class Outbox:
    """The store of a relay, a writer, and the pages that the store touches."""

    def __init__(self, store: OutboxStore, database: "asyncpg.Connection[asyncpg.Record]") -> None:
        self.store, self.database = store, database
        self._random = random.Random(1)

    async def write(self) -> None:
        """Write a frame that cannot be compressed, so that six of them fill a page."""
        async with self.database.transaction():
            await self.database.execute(BEGIN_SHARED.partition(";")[2])
            position = await self.database.fetchval("SELECT nextval('outbox_block')") * BLOCK
            payload = self._random.randbytes(1_100)
            message = Message(f"m{position}", "code", "code-1", "type", "topic", b"key", payload, [], 0, position)
            await write_frames(self.database, frames_of([message]))

    async def publish(self, batches: int) -> None:
        """Write batches and publish each at once."""
        for _ in range(batches):
            await self.write()
            frames = await self.store.read(ALL)
            assert len(frames) == 1
            await self.store.settle([frame.position for frame in frames])
            await self.store.observe()

    async def pages(self) -> dict[str, int]:
        """Return the pages of the outbox that each statement of the relay touches while one frame waits."""
        await self.write()
        session = self.store._connection
        touched = partial(pages_touched, session, self.database, tables=(TABLE,))
        reported = {
            "size": (await touched(partial(self.store.size, ALL)))[TABLE],
            "read": (await touched(partial(self.store.read, ALL)))[TABLE],
        }
        position = await self.database.fetchval("SELECT max(position) FROM outbox_frame")
        reported["settle"] = (await touched(partial(self.store.settle, [position])))[TABLE]
        return reported


@pytest.fixture
async def outbox(settings: Settings, database: "asyncpg.Connection[asyncpg.Record]") -> AsyncIterator[Outbox]:
    # A vacuum touches pages, too, and must not be the reason for short reads.
    await database.execute("ALTER TABLE outbox_frame SET (autovacuum_enabled = false)")
    store = OutboxStore(settings)
    async with opened(store):
        yield Outbox(store, database)


@asynccontextmanager
async def opened(store: OutboxStore) -> AsyncIterator[None]:
    """Open a session as a relay does."""
    await store.open(lambda _: None)
    await store.observe()
    try:
        yield
    finally:
        await store.close()


@pytest.mark.parametrize("kind", [*KINDS, None])
async def test_pages_per_read_do_not_grow_with_the_number_of_published_frames(
    outbox: Outbox, postgres_url: str, database_url: str, kind: str | None
) -> None:
    async with open_transaction(kind, postgres_url, database_url) if kind else nullcontext():
        await outbox.publish(FEW)
        first = await outbox.pages()
        await outbox.publish(MANY)
        last = await outbox.pages()
    assert max(*first.values(), *last.values()) <= MOST_PAGES, (first, last)


async def test_a_new_session_counts_waiting_frames_without_reading_deleted_rows(
    outbox: Outbox, settings: Settings, postgres_url: str, database_url: str
) -> None:
    async with open_transaction(SNAPSHOT, postgres_url, database_url):
        await outbox.publish(MANY)
        await outbox.store.close()
        async with opened(outbox.store):
            touched = partial(pages_touched, outbox.store._connection, outbox.database, tables=(TABLE,))
            before_reading = await touched(partial(outbox.store.size, ALL))
            await outbox.write()
            walked = await touched(partial(outbox.store.read, ALL))
            after_reading = await touched(partial(outbox.store.size, ALL))
    assert walked[TABLE] > MANY / 10, "only the first read begins at the beginning"
    assert before_reading[TABLE] <= MOST_PAGES
    assert after_reading[TABLE] <= MOST_PAGES


async def test_waiting_frames_are_counted_up_to_a_limit(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_store, "COUNTED_FRAMES", 30)
    for _ in range(MANY):
        await outbox.write()
    await outbox.store.read(ALL)
    touched = await pages_touched(
        outbox.store._connection, outbox.database, partial(outbox.store.size, ALL), tables=(TABLE,)
    )
    size = await outbox.store.size(ALL)
    assert size is not None
    assert size.messages == 30
    assert touched[TABLE] <= MOST_PAGES
