"""The outbox as the relay sees it: rows to publish, rows to delete, and which shards are ours to publish."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import asyncpg

from service.contract.header import decode_headers
from service.contract.message import Message
from service.settings import Settings
from service.store.errors import StoreUnavailable, translated
from service.store.lock import RELAY_CLASS, SHARD_CLASS
from service.store.pool import BY_KEY, Connection, connect
from service.store.publishing import BLOCK, Publishing, Scan
from service.store.statement import statement

CHANNEL = "producer_registry_outbox"
"""Notified by a batch whose rows another process has to publish."""

_SCAN = statement("outbox_scan")
_END = statement("outbox_end")
_TRANSACTION_BEGIN = statement("transaction_begin")
_DISCARD = statement("outbox_discard")
_SHARD_LOCK = statement("shard_lock")
_SHARD_UNLOCK = statement("shard_unlock")
_ANNOUNCE = statement("relay_announce")
_CENSUS = statement("relay_census")
_COUNT = statement("outbox_count")


@dataclass(frozen=True, slots=True)
class Census:
    """How many relays live, and the shards that one of them publishes."""

    relays: int
    locked: frozenset[int]


class OutboxStore:
    """One database session that holds the locks of the shards this process publishes.

    A lost session means that the shards are no longer ours: every method then raises StoreUnavailable until `open`.
    """

    def __init__(self, settings: Settings, publishing: Publishing) -> None:
        self._settings = settings
        self._publishing = publishing
        self._connection: Connection | None = None

    async def open(self, on_notify: Callable[[], None]) -> None:
        """Start a new session; `on_notify` is called when another process wrote rows for us."""
        await self.close()
        connection = await connect(self._settings, "relay", BY_KEY)
        with translated():
            await connection.add_listener(CHANNEL, lambda *_: on_notify())
            await connection.fetch(_ANNOUNCE, RELAY_CLASS)
        self._connection = connection

    async def close(self) -> None:
        """End the session, and with it every lock of a shard."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def lock(self, shards: Iterable[int]) -> frozenset[int]:
        """Try to become the one who publishes these shards; answers those that are ours now."""
        with translated():
            rows = await self._session().fetch(_SHARD_LOCK, SHARD_CLASS, sorted(shards))
        return frozenset(row["shard"] for row in rows if row["locked"])

    async def unlock(self, shards: Iterable[int]) -> None:
        """Let others publish these shards."""
        with translated():
            await self._session().fetch(_SHARD_UNLOCK, SHARD_CLASS, sorted(shards))

    async def census(self) -> Census:
        """See who publishes what, and that the session lives."""
        with translated():
            [row] = await self._session().fetch(_CENSUS, SHARD_CLASS, RELAY_CLASS)
        return Census(row["relays"], frozenset(row["locked"]))

    async def count(self) -> int:
        """How many rows wait in the outbox, of all shards; beyond a hundred thousand it is not counted further."""
        with translated():
            rows: int = await self._session().fetchval(_COUNT)
        return rows

    async def collect(self) -> list[Message]:
        """Hand out the rows of held shards that no batch of this process handed out, oldest first, a page at most."""
        publishing, connection = self._publishing, self._session()
        with translated():
            [end] = await connection.fetch(_END)
            # A transaction id is written to the log, so an idle relay takes none.
            transaction = await connection.fetchval(_TRANSACTION_BEGIN) if publishing.needs_transaction else None
            scan = publishing.scan(end["block"], end["oldest_running"], transaction)
            rows = await scan_outbox(connection, scan, publishing)
        messages = fresh(rows, publishing)
        whole = scan is None or len(rows) < scan.limit
        positions = [message.position for message in messages]
        publishing.scanned(scan, end["block"], positions, ours=False, whole=whole)
        return messages

    async def discard(self, ranges: Sequence[tuple[int, int]], shards: frozenset[int] | None = None) -> None:
        """Delete published rows: closed ranges of positions, in the shards held now or in those given."""
        if ranges:
            with translated():
                await discard(self._session(), ranges, self._publishing.held if shards is None else shards)
            self._publishing.deleted(ranges)

    def _session(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            raise StoreUnavailable("the session that holds the shards is gone")
        return self._connection


async def scan_outbox(connection: Connection, scan: Scan | None, publishing: Publishing) -> list[asyncpg.Record]:
    """Read the rows a scan asks for."""
    if scan is None:
        return []
    shards = sorted(publishing.held)
    rows: list[asyncpg.Record] = await connection.fetch(
        _SCAN, shards, scan.first, scan.before, scan.own, BLOCK, scan.limit
    )
    return rows


def fresh(rows: Iterable[asyncpg.Record], publishing: Publishing) -> list[Message]:
    """The rows that were not handed out yet, as messages."""
    return [_message(row) for row in rows if not publishing.is_handed(row["position"])]


async def discard(connection: Connection, ranges: Sequence[tuple[int, int]], shards: frozenset[int]) -> None:
    """Delete rows by closed ranges of positions within shards, on any connection."""
    firsts, lasts = zip(*ranges, strict=True)
    await connection.execute(_DISCARD, firsts, lasts, sorted(shards))


def _message(row: asyncpg.Record) -> Message:
    return Message(
        id=row["id"],
        aggregatetype=row["aggregatetype"],
        aggregateid=row["aggregateid"],
        type=row["type"],
        topic=row["topic"],
        key=row["key"],
        payload=row["payload"],
        extra=decode_headers(row["headers"]),
        shard=row["shard"],
        position=row["position"],
    )
