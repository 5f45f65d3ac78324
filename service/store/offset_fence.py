"""The offset fence (table offset_mark): each record of a partition is decided once, by one owner."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from service.contract.envelope import Record
from service.settings import Settings
from service.store.errors import StoreRace, translated_in
from service.store.lock import START_MARK
from service.store.pool import Connection, connect, transaction
from service.store.statement import statement

_CLAIM = statement("offset_mark_claim")
MOVE = statement("offset_mark_move")
"""Set locked marks; see `OffsetFence.move`."""

_READ = statement("offset_mark_read")
_SET = statement("offset_mark_set")

TopicPartition = tuple[str, int]

LOCK_START = "SELECT pg_advisory_xact_lock($1::int, $2::int)"
"""Wait until no other transaction starts a partition."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The cluster of the records, and the id of each command topic in it.

    A topic that was recreated, and another cluster behind the same address, have separate marks.
    """

    cluster_id: str
    topic_ids: dict[str, str] = field(default_factory=dict)


def _key_columns(origin: Origin, tps: Sequence[TopicPartition]) -> tuple[str, list[str], list[str], list[int]]:
    """Return the keys of marks as the first parameters of the statements: cluster, topics, topic ids, partitions."""
    topics = [topic for topic, _ in tps]
    return origin.cluster_id, topics, [origin.topic_ids[topic] for topic in topics], [partition for _, partition in tps]


class OffsetFence:
    """The marks of a batch's partitions, locked by `claim` until the transaction ends.

    `move` sets them behind the last record, or to the offset in `after`: behind records that are never delivered.
    """

    def __init__(
        self,
        origin: Origin,
        records: Iterable[Record],
        reached: Mapping[TopicPartition, int] | None = None,
        after: Mapping[TopicPartition, int] | None = None,
    ) -> None:
        first: dict[TopicPartition, int] = {}
        behind: dict[TopicPartition, int] = {}
        for record in records:
            tp = record.topic, record.partition
            first.setdefault(tp, record.offset)
            behind[tp] = record.offset + 1
        after = behind | dict(after or {})
        self._tps = sorted(after)
        self._keys = _key_columns(origin, self._tps)
        self._first = [first.get(tp, after[tp]) for tp in self._tps]
        self._after = after
        self._reached = reached or {}
        self._next: dict[TopicPartition, int] = {}
        self._started: set[TopicPartition] = set()

    async def claim(self, connection: Connection) -> None:
        """Lock the marks. A second owner of a partition waits here, and then sees how far the first owner got.

        Raises StoreRace when a mark is missing or is below the offset that the reader has `reached`: the database was
        set back, and the records in between have to be decided again.
        """
        columns = *self._keys, self._first, *START_MARK
        known = [self._reached.get(tp, 0) for tp in self._tps]
        rows = await connection.fetch(_CLAIM, *columns, known)
        if len(rows) < len(self._tps):
            # Another transaction starts a partition now, perhaps the same one: after it ends, the mark is visible, or
            # this transaction may start the partition. Or a mark was set back.
            await connection.execute(LOCK_START, *START_MARK)
            rows = await connection.fetch(_CLAIM, *columns, [0] * len(known))
        self._next = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
        self._started = {(row["topic"], row["partition"]) for row in rows if row["started"]}
        for row in rows:
            tp = row["topic"], row["partition"]
            if tp in self._reached and (row["started"] or row["next_offset"] < self._reached[tp]):
                raise StoreRace(f"the mark of {tp[0]} partition {tp[1]} is behind what was decided")

    def is_fresh(self, record: Record) -> bool:
        """Return whether the record is not decided yet."""
        return record.offset >= self._next[record.topic, record.partition]

    async def move(self, connection: Connection, query: str = MOVE, *more: object) -> None:
        """Set the marks behind the batch; raise StoreRace when another owner started a partition first.

        `query` is a statement that ends with MOVE, and `more` its other parameters.
        """
        now = [self._next[tp] for tp in self._tps]
        after = [max(self._after[tp], self._next[tp]) for tp in self._tps]
        started = [tp in self._started for tp in self._tps]
        done = await connection.execute(query, *self._keys, now, after, started, *more)
        if int(done.rpartition(" ")[2]) != len(self._tps):
            raise StoreRace("another process started a partition of the batch")


class OffsetFenceStore:
    """Reads and sets marks of one cluster, in a short session each time; every method raises StoreUnavailable."""

    def __init__(self, settings: Settings, origin: Origin) -> None:
        self._settings = settings
        self._origin = origin

    async def marks(self) -> dict[TopicPartition, int]:
        """Return the next offset to decide, for every partition that has a mark."""
        return {
            (topic, partition): offset
            for topic, topic_id in self._origin.topic_ids.items()
            for partition, offset in (await self._of(topic)).get((self._origin.cluster_id, topic_id), {}).items()
        }

    async def former_clusters(self, topic: str) -> frozenset[str]:
        """Return the clusters with marks of another topic with this name; perhaps also this cluster."""
        here = self._origin.cluster_id, self._origin.topic_ids[topic]
        return frozenset(there[0] for there in await self._of(topic) if there != here)

    async def claim(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Set marks of partitions that have none."""
        # The statement sees only marks that exist when it begins: other transactions that start one must have ended.
        await self._write(_CLAIM, offsets, *START_MARK, [0] * len(offsets))

    async def move(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Set existing marks to any offset: only after an operator has accepted the loss."""
        await self._write(_SET, offsets)

    async def _of(self, topic: str) -> dict[tuple[str, str], dict[int, int]]:
        """Return the next offset per partition, for every cluster id and topic id that the topic ever had."""
        connection = await connect(self._settings, "marks")
        try:
            async with translated_in(connection):
                rows = await connection.fetch(_READ, topic)
        finally:
            connection.terminate()
        marks: dict[tuple[str, str], dict[int, int]] = {}
        for row in rows:
            marks.setdefault((row["cluster_id"], row["topic_id"]), {})[row["partition"]] = row["next_offset"]
        return marks

    async def _write(self, query: str, offsets: Mapping[TopicPartition, int], *more: object) -> None:
        if not offsets:
            return
        tps = sorted(offsets)
        connection: Connection = await connect(self._settings, "marks")
        try:
            async with translated_in(connection), transaction(connection):
                await connection.execute(LOCK_START, *START_MARK)
                keys, values = _key_columns(self._origin, tps), [offsets[tp] for tp in tps]
                await connection.fetch(query, *keys, values, *more)
        finally:
            connection.terminate()
