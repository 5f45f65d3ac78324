"""The outbox for operators: waiting, held and discarded messages. Only `find` reads values."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from service.contract.message import Message
from service.settings import Settings
from service.store.errors import StoreUnavailable, translated_in
from service.store.frame import FrameCorrupt, messages_of
from service.store.frame_row import frame_of
from service.store.held_store import Scope
from service.store.migrate import missing_versions
from service.store.outbox_store import COUNTED_FRAMES
from service.store.pool import Connection, connect
from service.store.position import BLOCK
from service.store.statement import statement

if TYPE_CHECKING:
    import asyncpg

FOUND_FRAMES: Final = 16
"""Limit of frames, of up to a megabyte each, that one statement reads to find a message."""

_LIST = statement("outbox_list")
_COUNT = statement("outbox_count")
_DISCARDED_LIST = statement("outbox_discarded_list")
_DISCARDED_COUNT = statement("outbox_discarded_count")
_FIND = statement("outbox_find")
_WAITING = statement("outbox_waiting")
_HELD_REASONS = statement("outbox_held_reasons")

State = Literal["waiting", "held", "discarded"]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table of the outbox without its value; `since` is the time when it was written or held."""

    position: int
    state: State
    shard: int
    topic: str
    messages: int
    raw_bytes: int
    since: datetime
    scope: Scope | None
    reason: str | None
    discarded_at: datetime | None = None
    discarded_by: str | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """Numbers of rows and of the messages in them."""

    rows: int
    messages: int


@dataclass(frozen=True, slots=True)
class Found:
    """A row with its value, and the messages in it or the reason why they cannot be read."""

    row: Row
    value: bytes
    messages: tuple[Message, ...] = ()
    corrupt: str | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """How much of a topic is held for one reason."""

    topic: str
    reason: str
    rows: int
    messages: int


@dataclass(frozen=True, slots=True)
class Overview:
    """How much waits and how much is held; `is_partial` if the count of either stopped at COUNTED_FRAMES rows."""

    messages: int
    oldest_seconds: float
    held: tuple[Reason, ...]
    is_partial: bool


async def listed(
    settings: Settings, *, topic: str | None = None, held_only: bool = False, limit: int = 100
) -> tuple[list[Row], Count]:
    """Return the first rows that wait or are held, by position, and their total number."""
    async with operating(settings) as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        rows = await connection.fetch(_LIST, topic, held_only, limit)
        return [row_of(row) for row in rows], await count(connection, topic, held_only=held_only)


async def discarded(settings: Settings, *, topic: str | None = None, limit: int = 100) -> tuple[list[Row], Count]:
    """Return the last discarded rows, the newest first, and their total number."""
    async with operating(settings) as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        rows = await connection.fetch(_DISCARDED_LIST, topic, limit)
        [all_] = await connection.fetch(_DISCARDED_COUNT, topic)
        return [row_of(row) for row in rows], Count(**all_)


async def overview(settings: Settings) -> Overview:
    """Return how much waits and since when, and how much is held of each topic."""
    async with operating(settings) as connection:
        [waiting] = await connection.fetch(_WAITING, COUNTED_FRAMES)
        held = tuple(Reason(**row) for row in await connection.fetch(_HELD_REASONS, COUNTED_FRAMES))
    is_partial = COUNTED_FRAMES in {waiting["rows"], sum(reason.rows for reason in held)}
    return Overview(waiting["messages"], waiting["oldest_seconds"], held, is_partial)


async def find(settings: Settings, position: int) -> tuple[Found | None, list[Found]]:
    """Return the frame with this position, or with a message that has this position.

    If none is found, also return the frames that cannot be read: one of them may have the message.
    """
    corrupt: list[Found] = []
    async with operating(settings) as connection:
        # All messages of a frame are of one block. The positions of several frames of a block are interleaved.
        first, last = position // BLOCK * BLOCK, position
        while rows := await connection.fetch(_FIND, first, last, FOUND_FRAMES):
            for row in rows:
                found = _found(row)
                if row["position"] == position or any(message.position == position for message in found.messages):
                    return found, []
                if found.corrupt is not None:
                    corrupt.append(found)
            last = rows[-1]["position"] - 1
    return None, corrupt


async def count(connection: Connection, topic: str | None, *, held_only: bool) -> Count:
    """Return how much waits or is held."""
    [row] = await connection.fetch(_COUNT, topic, held_only)
    return Count(**row)


@asynccontextmanager
async def operating(settings: Settings) -> AsyncIterator[Connection]:
    """Open a connection for an operator to a database with all migrations; raise StoreUnavailable."""
    connection = await connect(settings, "outbox")
    try:
        if missing := await missing_versions(connection):
            raise StoreUnavailable(f"migrations {', '.join(missing)} are missing: run `producer-registry migrate`")
        async with translated_in(connection):
            yield connection
    finally:
        connection.terminate()


def row_of(record: "asyncpg.Record") -> Row:
    """Make a Row from a database row, without its value."""
    columns: dict[str, Any] = {name: value for name, value in record.items() if name != "value"}
    return Row(**columns)


def _found(record: "asyncpg.Record") -> Found:
    frame, row = frame_of(record), row_of(record)
    try:
        return Found(row, frame.value, tuple(messages_of(frame)))
    except FrameCorrupt as error:
        return Found(row, frame.value, corrupt=str(error))
