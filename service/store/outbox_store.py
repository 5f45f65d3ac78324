"""The outbox for the relay: frames to publish, and the shards that this process publishes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

from service.contract.message import SHARDS
from service.settings import Settings
from service.store.errors import StoreError, StoreUnavailable, translated_in
from service.store.frame import FRAME_MESSAGES, Frame
from service.store.frame_row import CHUNK_BYTES, CHUNK_MESSAGES, frame_of, write_frames
from service.store.held_store import HeldFrame, HeldStore, write_held
from service.store.lock import BATCH, RELAY_CLASS, SHARD_CLASS
from service.store.outbox_bound import Bound
from service.store.pool import BY_KEY, Connection, connect, transaction
from service.store.position import BLOCK
from service.store.session import HOLDING_LOCKS
from service.store.statement import statement

CHANNEL: Final = "producer_registry_outbox"
"""Notified by a batch whose frames another process has to publish, and by operators with one of the payloads below."""

RETRY: Final = "retry"
RELOAD: Final = "reload"
"""Payloads: retry held messages now; held messages were discarded."""

COUNTED_FRAMES: Final = 10_000
"""Limit of rows that a statement counts."""

SIZE_SECONDS: Final = 1.0
FIRST_SCAN_SECONDS: Final = 80.0
"""Time-outs. A scan from the beginning may read index entries of many deleted rows, as long as vacuum cannot run."""

_SCAN = statement("outbox_scan")
_COUNTER = statement("outbox_counter")
_WRITERS = statement("outbox_writers")
_DELETE = statement("outbox_delete")
_SIZE = statement("outbox_size")
_SHARD_LOCK = statement("shard_lock")
_SHARD_UNLOCK = statement("shard_unlock")
_ANNOUNCE = statement("relay_announce")
_MEMBERSHIP = statement("relay_membership")


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RelayMembership:
    """The number of running relays, and the shards that are published by any of them."""

    relays: int
    locked: frozenset[int]


@dataclass(frozen=True, slots=True)
class Size:
    """How much waits: messages, raw bytes, and seconds since the oldest of them was written."""

    messages: int
    raw_bytes: int
    oldest_seconds: float


class OutboxStore:
    """One database session that holds the locks of the shards that this process publishes.

    When the session is lost, so are the shards: every method then raises StoreUnavailable until `open`. Statements of
    concurrent callers run one after the other. `held` uses the same session.
    """

    def __init__(self, settings: Settings) -> None:
        self.held = HeldStore(self._run)
        self._settings = settings
        self._connection: Connection | None = None
        self._lock = asyncio.Lock()
        self._bound = Bound()
        self._floor = 0
        # Where counting begins: at the first frame of the last read. Unknown before the first read.
        self._first: int | None = None
        self._failed: partial[Coroutine[Any, Any, Any]] | None = None

    @property
    def is_failing(self) -> bool:
        """Whether a read or a write failed, and neither its kind nor `probe` has succeeded since."""
        return self._failed is not None

    async def probe(self) -> None:
        """Repeat exactly what failed and roll it back; raise StoreUnavailable if it fails again."""
        if self._failed is None:
            return
        async with self._session() as session:
            rehearsal = transaction(session)
            await rehearsal.start()
            await self._failed(session)
            await rehearsal.rollback()
        self._failed = None

    async def open(self, on_notify: Callable[[str], None]) -> None:
        """Start a new session; `on_notify` is called with the payload of each notification."""
        await self.close()
        connection = await connect(self._settings, "relay", {**BY_KEY, **HOLDING_LOCKS})
        try:
            async with translated_in(connection):
                await connection.add_listener(CHANNEL, lambda *reported: on_notify(str(reported[-1])))
                await connection.fetch(_ANNOUNCE, RELAY_CLASS)
        except BaseException:
            # Otherwise the session would count as a running relay until this process ends.
            connection.terminate()
            raise
        self._connection = connection
        self._bound = Bound()
        self._floor = 0
        self._first = None

    async def close(self) -> None:
        """End the session, which releases all locks of shards."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def lock(self, shards: Iterable[int]) -> frozenset[int]:
        """Try to take these shards; return those that this process publishes now."""
        async with self._session() as session:
            rows = await session.fetch(_SHARD_LOCK, SHARD_CLASS, sorted(shards))
        # Frames that another relay left may be at any position.
        self.rewind()
        return frozenset(row["shard"] for row in rows if row["locked"])

    async def unlock(self, shards: Iterable[int]) -> None:
        """Release these shards."""
        async with self._session() as session:
            await session.fetch(_SHARD_UNLOCK, SHARD_CLASS, sorted(shards))

    async def membership(self, seconds: float) -> RelayMembership:
        """Return the relay membership; raise StoreUnavailable when the statement takes longer than `seconds`."""
        async with self._session() as session, asyncio.timeout(seconds):
            [row] = await session.fetch(_MEMBERSHIP, SHARD_CLASS, RELAY_CLASS)
        return RelayMembership(row["relays"], frozenset(row["locked"]))

    async def size(self, shards: Iterable[int]) -> Size | None:
        """Count the messages that wait in these shards, up to COUNTED_FRAMES frames; None before the first `read`.

        Without shards, all shards are counted, so that a backlog is visible when its relay hangs. A scan from the
        beginning may take long (see FIRST_SCAN_SECONDS): the count is cancelled after SIZE_SECONDS.
        """
        numbers = sorted(shards)
        if numbers and self._first is None:
            return None
        first, counted = (self._first, numbers) if numbers else (0, list(range(SHARDS)))
        async with self._session() as session:
            [row] = await session.fetch(_SIZE, first, counted, COUNTED_FRAMES, timeout=SIZE_SECONDS)
        return Size(row["messages"], row["raw_bytes"], row["oldest_seconds"])

    async def read(self, shards: Iterable[int]) -> list[Frame]:
        """Read the first frames of these shards, up to one chunk; all frames that were read before must be settled."""
        floor, bound = self._floor, self._bound.block * BLOCK
        seconds = None if floor else FIRST_SCAN_SECONDS
        frames = await self._run(partial(_read, floor=floor, shards=sorted(shards), seconds=seconds))
        # No new frame can appear below the bound, and no frame of these shards is left before the last one read.
        self._floor = max(floor, min(bound, frames[-1].position + 1) if frames else bound)
        self._first = frames[0].position if frames else self._floor or None
        return frames

    def rewind(self) -> None:
        """Make the next read begin at the first position: frames that were read before may still exist."""
        self._floor = 0

    async def observe(self) -> None:
        """Update the bound of the outbox, so that later scans can begin at a later position."""
        self._bound.observe(*await self._run(partial(_observe)))

    async def settle(self, done: Sequence[int], held: Sequence[HeldFrame] = (), rest: Sequence[Frame] = ()) -> None:
        """Delete frames by position; in the same transaction write held frames, and frames with the rest of others."""
        await self._run(partial(_settle, done=done, held=held, rest=rest))

    async def _run(self, operation: "partial[Coroutine[Any, Any, T]]") -> T:
        """Run an operation in the session, and remember it when it fails."""
        try:
            async with self._session() as session:
                result = await operation(session)
        except StoreError:
            self._failed = operation
            raise
        if self._failed is not None and self._failed.func is operation.func:
            self._failed = None
        return result

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[Connection]:
        async with self._lock:
            if self._connection is None or self._connection.is_closed():
                raise StoreUnavailable("the session that holds the shards is lost")
            async with translated_in(self._connection):
                yield self._connection


async def _read(session: Connection, floor: int, shards: list[int], seconds: float | None) -> list[Frame]:
    values = (floor, shards, CHUNK_MESSAGES, CHUNK_BYTES)
    if seconds is None:
        rows = await session.fetch(_SCAN, *values)
    else:
        async with transaction(session):
            await session.execute(f"SET LOCAL statement_timeout = {int(seconds * 1000)}")
            rows = await session.fetch(_SCAN, *values, timeout=seconds)
    return [frame_of(row) for row in rows]


async def _observe(session: Connection) -> tuple[int, list[str]]:
    return await session.fetchval(_COUNTER), await session.fetchval(_WRITERS, *BATCH)


async def _settle(session: Connection, done: Sequence[int], held: Sequence[HeldFrame], rest: Sequence[Frame]) -> None:
    if not held and not rest:
        await session.execute(_DELETE, done)
        return
    async with transaction(session):
        await session.execute(_DELETE, done)
        await write_held(session, held)
        await write_frames(session, rest)


def is_cut_off(frames: Sequence[Frame]) -> bool:
    """Return whether more frames may be left to read, because the chunk is nearly full."""
    messages, length = sum(frame.messages for frame in frames), sum(frame.raw_bytes for frame in frames)
    return messages + FRAME_MESSAGES > CHUNK_MESSAGES or 2 * length > CHUNK_BYTES
