"""Frames that become visible late are found, and transactions of other applications do not delay the relay."""

import asyncio
from collections.abc import AsyncIterator, Iterable

import asyncpg
import pytest

from service.contract.message import Message
from service.settings import Settings
from service.store.frame import frames_of, messages_of
from service.store.frame_row import write_frames
from service.store.lock import BEGIN_SHARED
from service.store.outbox_store import OutboxStore
from service.store.position import BLOCK
from tests.integration.store.conftest import ALL
from tests.support.foreign import KINDS, open_transaction

Database = asyncpg.Connection


@pytest.fixture
async def store(settings: Settings) -> AsyncIterator[OutboxStore]:
    store = OutboxStore(settings)
    await store.open(lambda _: None)
    yield store
    await store.close()


@pytest.fixture
async def slow(database_url: str) -> AsyncIterator["Database[asyncpg.Record]"]:
    """The session of a second writer."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


def message(id_: str, position: int) -> Message:
    return Message(id_, "code", f"code-{id_}", "type", "topic", b"key", b"{}", [], 0, position)


async def begin(connection: "Database[asyncpg.Record]", id_: str) -> int:
    """Write a frame as a batch does, up to its commit: the lock, a block, the frame. Return the block."""
    await connection.execute(BEGIN_SHARED)
    block: int = await connection.fetchval("SELECT nextval('outbox_block')")
    await write_frames(connection, frames_of([message(id_, block * BLOCK)]))
    return block


async def write(connection: "Database[asyncpg.Record]", id_: str) -> int:
    """Write a frame in a transaction that ends at once. Return the block."""
    block = await begin(connection, id_)
    await connection.execute("COMMIT")
    return block


async def publish(store: OutboxStore) -> list[str]:
    """Read frames, delete them as published and update the bound. Return the ids of their messages."""
    frames = await store.read(ALL)
    if frames:
        await store.settle([frame.position for frame in frames])
    await store.observe()
    return [m.id for frame in frames for m in messages_of(frame)]


async def publish_again(store: OutboxStore, times: int) -> list[str]:
    return [id_ for _ in range(times) for id_ in await publish(store)]


@pytest.mark.parametrize("rounds", [1, 2, 5])
async def test_a_frame_is_found_when_its_writer_commits_after_later_writers(
    store: OutboxStore, slow: "Database[asyncpg.Record]", database: "Database[asyncpg.Record]", rounds: int
) -> None:
    await begin(slow, "late")
    seen = await publish_again(store, 2)
    for number in range(rounds):
        await write(database, f"early-{number}")
        seen += await publish_again(store, 2)
    await slow.execute("COMMIT")
    seen += await publish_again(store, 2)

    assert seen == [*(f"early-{number}" for number in range(rounds)), "late"]


async def test_the_bound_stays_at_the_block_of_a_writer_until_its_transaction_ends(
    store: OutboxStore, slow: "Database[asyncpg.Record]", database: "Database[asyncpg.Record]"
) -> None:
    await publish(store)
    block = await begin(slow, "late")
    for number in range(5):
        await write(database, f"early-{number}")
        await publish_again(store, 2)
        assert store._bound.block <= block
    await slow.execute("COMMIT")
    last = await write(database, "after")
    await publish_again(store, 2)

    assert store._bound.block == last + 1


async def test_a_writer_without_a_block_holds_the_bound_only_while_it_runs(
    store: OutboxStore, slow: "Database[asyncpg.Record]", database: "Database[asyncpg.Record]"
) -> None:
    await slow.execute(BEGIN_SHARED)
    first = await write(database, "early")
    await publish_again(store, 2)
    # It takes its block now: if the bound were above all later blocks, its frame would be lost.
    await begin_within(slow, "late")
    assert store._bound.block <= first + 1
    await slow.execute("COMMIT")

    assert await publish_again(store, 3) == ["late"]


async def begin_within(connection: "Database[asyncpg.Record]", id_: str) -> None:
    """Write a frame in a batch that already holds its lock."""
    block = await connection.fetchval("SELECT nextval('outbox_block')")
    await write_frames(connection, frames_of([message(id_, block * BLOCK)]))


async def test_the_bound_advances_when_writers_never_pause(
    store: OutboxStore, database: "Database[asyncpg.Record]", slow: "Database[asyncpg.Record]"
) -> None:
    """At every observation one of two writers is in a transaction, but never the same one for long."""
    writers = [database, slow]
    blocks, bounds = [await begin(database, "w0")], []
    for number in range(1, 12):
        blocks.append(await begin(writers[number % 2], f"w{number}"))
        await publish(store)
        bounds.append(store._bound.block)
        await writers[1 - number % 2].execute("COMMIT")
        await publish(store)
    assert bounds == sorted(bounds)
    assert bounds[-1] >= blocks[-6]
    assert all(bound <= block for bound, block in zip(bounds, blocks, strict=False))


@pytest.mark.parametrize("kind", KINDS)
async def test_the_bound_advances_when_another_application_has_an_open_transaction(
    store: OutboxStore, database: "Database[asyncpg.Record]", postgres_url: str, database_url: str, kind: str
) -> None:
    async with open_transaction(kind, postgres_url, database_url):
        for number in range(3):
            block = await write(database, f"m{number}")
            assert await publish_again(store, 2) == [f"m{number}"]
            assert store._bound.block == block + 1


async def test_nothing_is_lost_when_writers_commit_in_any_order_beside_a_dump(
    store: OutboxStore, postgres_url: str, database_url: str
) -> None:
    sessions = [await asyncpg.connect(database_url) for _ in range(4)]

    async def batches(number: int) -> None:
        for turn in range(25):
            await begin(sessions[number], f"{number}-{turn}")
            for _ in range(number):
                await sessions[number].execute("SELECT 1")
            await sessions[number].execute("COMMIT")

    async with open_transaction(KINDS[0], postgres_url, database_url):
        writing = asyncio.gather(*(batches(number) for number in range(4)))
        seen: list[str] = []
        while not writing.done():
            seen += await publish(store)
        await writing
        seen += await publish_again(store, 3)
    await close_all(sessions)

    assert sorted(seen) == sorted(f"{number}-{turn}" for number in range(4) for turn in range(25))


async def close_all(sessions: "Iterable[Database[asyncpg.Record]]") -> None:
    for session in sessions:
        await session.close()
