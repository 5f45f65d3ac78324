"""The outbox as the relay sees it: frames to publish, and which shards are ours to publish."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from service.contract.message import SHARDS
from service.settings import Settings
from service.store.errors import StoreUnavailable, translated
from service.store.frame import FRAME_MESSAGES, Frame
from service.store.frame_row import CHUNK_BYTES, CHUNK_MESSAGES, frame_of, write_frames
from service.store.held_store import HeldFrame, HeldStore, write_held
from service.store.lock import BATCH, RELAY_CLASS, SHARD_CLASS
from service.store.outbox_bound import Bound
from service.store.pool import BY_KEY, Connection, connect
from service.store.position import BLOCK
from service.store.statement import statement

CHANNEL: Final = "producer_registry_outbox"
"""Notified by a batch whose frames another process has to publish, and by operators with one of the words below."""

RETRY: Final = "retry"
RELOAD: Final = "reload"
"""Payloads: try held messages now; held messages were discarded."""

COUNTED_FRAMES: Final = 10_000
"""Limit of what a statement counts."""

SIZE_SECONDS: Final = 1.0
FIRST_SCAN_SECONDS: Final = 80.0
"""A scan from the beginning may walk over entries of rows long gone, for as long as a vacuum is kept from its work."""

_SCAN = statement("outbox_scan")
_COUNTER = statement("outbox_counter")
_WRITERS = statement("outbox_writers")
_DELETE = statement("outbox_delete")
_SIZE = statement("outbox_size")
_SHARD_LOCK = statement("shard_lock")
_SHARD_UNLOCK = statement("shard_unlock")
_ANNOUNCE = statement("relay_announce")
_MEMBERSHIP = statement("relay_membership")


@dataclass(frozen=True, slots=True)
class RelayMembership:
    """How many relays live, and the shards that one of them publishes."""

    relays: int
    locked: frozenset[int]


@dataclass(frozen=True, slots=True)
class Size:
    """What waits: messages, raw bytes, and seconds since the oldest of them was written."""

    messages: int
    raw_bytes: int
    oldest_seconds: float


class OutboxStore:
    """One database session that holds the locks of the shards this process publishes.

    A lost session means that the shards are no longer ours: every method then raises StoreUnavailable until `open`.
    Statements of several callers follow one after the other. `held` works in the same session.
    """

    def __init__(self, settings: Settings) -> None:
        self.held = HeldStore(self._session)
        self._settings = settings
        self._connection: Connection | None = None
        self._lock = asyncio.Lock()
        self._bound = Bound()
        self._floor = 0
        # Where counting begins: before what the last read found first. Unknown until then.
        self._first: int | None = None

    async def open(self, on_notify: Callable[[str], None]) -> None:
        """Start a new session; `on_notify` is called with the payload when the outbox has something for us."""
        await self.close()
        connection = await connect(self._settings, "relay", BY_KEY)
        try:
            with translated():
                await connection.add_listener(CHANNEL, lambda *reported: on_notify(str(reported[-1])))
                await connection.fetch(_ANNOUNCE, RELAY_CLASS)
        except BaseException:
            # Else it would count as a living relay for as long as this process lives.
            connection.terminate()
            raise
        self._connection = connection
        self._bound = Bound()
        self._floor = 0
        self._first = None

    async def close(self) -> None:
        """End the session, and with it every lock of a shard."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def lock(self, shards: Iterable[int]) -> frozenset[int]:
        """Try to become the one who publishes these shards; answers those that are ours now."""
        async with self._session() as session:
            rows = await session.fetch(_SHARD_LOCK, SHARD_CLASS, sorted(shards))
        # What another relay left lies anywhere.
        self.rewind()
        return frozenset(row["shard"] for row in rows if row["locked"])

    async def unlock(self, shards: Iterable[int]) -> None:
        """Let others publish these shards."""
        async with self._session() as session:
            await session.fetch(_SHARD_UNLOCK, SHARD_CLASS, sorted(shards))

    async def membership(self, seconds: float) -> RelayMembership:
        """See who publishes what, and that the session lives: it answers within these seconds once it is our turn."""
        async with self._session() as session, asyncio.timeout(seconds):
            [row] = await session.fetch(_MEMBERSHIP, SHARD_CLASS, RELAY_CLASS)
        return RelayMembership(row["relays"], frozenset(row["locked"]))

    async def size(self, shards: Iterable[int]) -> Size | None:
        """Count what waits in these shards, no further than COUNTED_FRAMES; None before the first `read`.

        Without shards all are counted, so that a backlog is seen when its relay hangs. A scan from the beginning may be
        long (see FIRST_SCAN_SECONDS): the count is given up after SIZE_SECONDS.
        """
        wanted = sorted(shards)
        if wanted and self._first is None:
            return None
        first, counted = (self._first, wanted) if wanted else (0, list(range(SHARDS)))
        async with self._session() as session:
            [row] = await session.fetch(_SIZE, first, counted, COUNTED_FRAMES, timeout=SIZE_SECONDS)
        return Size(row["messages"], row["raw_bytes"], row["oldest_seconds"])

    async def read(self, shards: Iterable[int]) -> list[Frame]:
        """Read the first frames of these shards, up to a chunk; whatever was read before has to be settled by now."""
        floor, bound = self._floor, self._bound.block * BLOCK
        seconds = None if floor else FIRST_SCAN_SECONDS
        async with self._session() as session:
            if seconds is not None:
                await session.execute(f"SET statement_timeout = {int(seconds * 1000)}")
            values = (floor, sorted(shards), CHUNK_MESSAGES, CHUNK_BYTES)
            frames = [frame_of(row) for row in await session.fetch(_SCAN, *values, timeout=seconds)]
            if seconds is not None:
                await session.execute("RESET statement_timeout")
        # Below the bound nothing appears any more, and all that is there lies before the last frame read.
        self._floor = max(floor, min(bound, frames[-1].position + 1) if frames else bound)
        self._first = frames[0].position if frames else self._floor or None
        return frames

    def rewind(self) -> None:
        """Read from the beginning again: frames that were read before may still be there."""
        self._floor = 0

    async def observe(self) -> None:
        """Look how far the outbox is complete, so that later scans need not begin where the last one did."""
        async with self._session() as session:
            counter = await session.fetchval(_COUNTER)
            writers = await session.fetchval(_WRITERS, *BATCH)
        self._bound.observe(counter, writers)

    async def settle(self, done: Sequence[int], held: Sequence[HeldFrame] = (), rest: Sequence[Frame] = ()) -> None:
        """Delete frames by position; in the same transaction hold back parts of them, and keep the rest of others."""
        async with self._session() as session:
            if not held and not rest:
                await session.execute(_DELETE, done)
                return
            async with session.transaction():
                await session.execute(_DELETE, done)
                await write_held(session, held)
                await write_frames(session, rest)

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[Connection]:
        async with self._lock:
            if self._connection is None or self._connection.is_closed():
                raise StoreUnavailable("the session that holds the shards is gone")
            with translated():
                yield self._connection


def is_cut_off(frames: Sequence[Frame]) -> bool:
    """Whether there may have been more to read: a chunk is about full."""
    messages, length = sum(frame.messages for frame in frames), sum(frame.raw_bytes for frame in frames)
    return messages + FRAME_MESSAGES > CHUNK_MESSAGES or 2 * length > CHUNK_BYTES
