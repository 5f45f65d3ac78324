"""The offset fence: each record of a partition is decided once, by one owner. Its rows are in the table offset_mark."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from service.contract.envelope import Record
from service.settings import Settings
from service.store.errors import StoreRace, translated
from service.store.lock import START_MARK
from service.store.pool import Connection, connect
from service.store.statement import statement

_CLAIM = statement("offset_mark_claim")
_MOVE = statement("offset_mark_move")
_READ = statement("offset_mark_read")
_SET = statement("offset_mark_set")

TopicPartition = tuple[str, int]

LOCK_START = "SELECT pg_advisory_xact_lock($1::int, $2::int)"
"""Wait until nobody else starts a partition."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Which cluster the records come from, and the identity of each command topic in it.

    A topic that was made anew, or another cluster behind the same address, has marks of its own.
    """

    cluster_id: str
    topic_ids: dict[str, str] = field(default_factory=dict)


class OffsetFence:
    """The marks of a batch's partitions, locked by `claim` until the transaction ends."""

    def __init__(
        self, origin: Origin, records: Iterable[Record], reached: Mapping[TopicPartition, int] | None = None
    ) -> None:
        first: dict[TopicPartition, int] = {}
        after: dict[TopicPartition, int] = {}
        for record in records:
            tp = record.topic, record.partition
            first.setdefault(tp, record.offset)
            after[tp] = record.offset + 1
        self._cluster = origin.cluster_id
        self._tps = sorted(first)
        self._topics = [topic for topic, _ in self._tps]
        self._topic_ids = [origin.topic_ids[topic] for topic in self._topics]
        self._partitions = [partition for _, partition in self._tps]
        self._first = [first[tp] for tp in self._tps]
        self._after = after
        self._reached = reached or {}
        self._next: dict[TopicPartition, int] = {}
        self._made: set[TopicPartition] = set()

    async def claim(self, connection: Connection) -> None:
        """Lock the marks; a second owner of a partition waits here and then sees how far the first one got.

        Raises StoreRace when a mark is not as far as the reader has `reached`, or gone: then the database was set
        back, and what lies between has to be decided again.
        """
        columns = self._cluster, self._topics, self._topic_ids, self._partitions, self._first, *START_MARK
        known = [self._reached.get(tp, 0) for tp in self._tps]
        rows = await connection.fetch(_CLAIM, *columns, known)
        if len(rows) < len(self._tps):
            # Somebody starts a partition at this moment, perhaps the same one: after that it is seen or ours to start.
            # Or a mark was set back.
            await connection.execute(LOCK_START, *START_MARK)
            rows = await connection.fetch(_CLAIM, *columns, [0] * len(known))
        self._next = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
        self._made = {(row["topic"], row["partition"]) for row in rows if row["made"]}
        for row in rows:
            tp = row["topic"], row["partition"]
            if tp in self._reached and (row["made"] or row["next_offset"] < self._reached[tp]):
                raise StoreRace(f"the mark of {tp[0]} partition {tp[1]} is behind what was decided")

    def is_fresh(self, record: Record) -> bool:
        """Whether nobody decided this record yet."""
        return record.offset >= self._next[record.topic, record.partition]

    async def move(self, connection: Connection) -> None:
        """Set the marks behind the batch. Raises StoreRace when another owner started a partition first."""
        now = [self._next[tp] for tp in self._tps]
        after = [max(self._after[tp], self._next[tp]) for tp in self._tps]
        made = [tp in self._made for tp in self._tps]
        columns = self._cluster, self._topics, self._topic_ids, self._partitions, now, after, made
        done = await connection.execute(_MOVE, *columns)
        if int(done.rpartition(" ")[2]) != len(self._tps):
            raise StoreRace("another process started a partition of the batch")


async def read_marks(connection: Connection, cluster_id: str, topic: str) -> dict[str, dict[int, int]]:
    """The next offset per partition, for every identity the topic ever had in this cluster."""
    marks: dict[str, dict[int, int]] = {}
    for row in await connection.fetch(_READ, cluster_id, topic):
        marks.setdefault(row["topic_id"], {})[row["partition"]] = row["next_offset"]
    return marks


class OffsetFenceStore:
    """Reads and sets marks of one cluster, each time on a short session; every method raises StoreUnavailable."""

    def __init__(self, settings: Settings, origin: Origin) -> None:
        self._settings = settings
        self._origin = origin

    async def marks(self) -> dict[TopicPartition, int]:
        """The next offset to decide of every partition that has a mark."""
        return {
            (topic, partition): offset
            for topic, topic_id in self._origin.topic_ids.items()
            for partition, offset in (await self._of(topic)).get(topic_id, {}).items()
        }

    async def has_former(self, topic: str) -> bool:
        """Whether there are marks of an earlier topic of this name."""
        return any(topic_id != self._origin.topic_ids[topic] for topic_id in await self._of(topic))

    async def claim(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Set marks where there are none yet."""
        # The claim sees only marks that were there when it began: whoever else starts one has to be done by then.
        await self._write(_CLAIM, offsets, *START_MARK, [0] * len(offsets))

    async def move(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Set marks, whatever they were: only after an operator accepted what is lost by it."""
        await self._write(_SET, offsets)

    async def _of(self, topic: str) -> dict[str, dict[int, int]]:
        connection = await connect(self._settings, "marks")
        try:
            with translated():
                return await read_marks(connection, self._origin.cluster_id, topic)
        finally:
            connection.terminate()

    async def _write(self, query: str, offsets: Mapping[TopicPartition, int], *more: object) -> None:
        if not offsets:
            return
        tps = sorted(offsets)
        connection: Connection = await connect(self._settings, "marks")
        try:
            with translated():
                async with connection.transaction():
                    await connection.execute(LOCK_START, *START_MARK)
                    await connection.fetch(
                        query,
                        self._origin.cluster_id,
                        [topic for topic, _ in tps],
                        [self._origin.topic_ids[topic] for topic, _ in tps],
                        [partition for _, partition in tps],
                        [offsets[tp] for tp in tps],
                        *more,
                    )
        finally:
            connection.terminate()
