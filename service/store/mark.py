"""Offset marks: the fence that lets each record of a partition be decided once, by one owner."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from service.contract.envelope import Record
from service.store.errors import StoreRace
from service.store.lock import START_MARK
from service.store.pool import Connection
from service.store.statement import statement

_CLAIM = statement("offset_mark_claim")
_MOVE = statement("offset_mark_move")
_READ = statement("offset_mark_read")

LOCK_START = "SELECT pg_advisory_xact_lock($1::int, $2::int)"
"""Wait until nobody else starts a partition."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Which cluster the records come from, and the identity of each command topic in it.

    A topic that was made anew, or another cluster behind the same address, has marks of its own.
    """

    cluster_id: str
    topic_ids: dict[str, str] = field(default_factory=dict)


class Marks:
    """The marks of a batch's partitions, locked by `claim` until the transaction ends."""

    def __init__(
        self, origin: Origin, records: Iterable[Record], reached: Mapping[tuple[str, int], int] | None = None
    ) -> None:
        first: dict[tuple[str, int], int] = {}
        after: dict[tuple[str, int], int] = {}
        for record in records:
            place = record.topic, record.partition
            first.setdefault(place, record.offset)
            after[place] = record.offset + 1
        self._cluster = origin.cluster_id
        self._places = sorted(first)
        self._topics = [topic for topic, _ in self._places]
        self._topic_ids = [origin.topic_ids[topic] for topic in self._topics]
        self._partitions = [partition for _, partition in self._places]
        self._first = [first[place] for place in self._places]
        self._after = after
        self._reached = reached or {}
        self._next: dict[tuple[str, int], int] = {}
        self._made: set[tuple[str, int]] = set()

    async def claim(self, connection: Connection) -> None:
        """Lock the marks; a second owner of a partition waits here and then sees how far the first one got.

        Raises StoreRace when a mark is not as far as the reader has `reached`, or gone: then the database was set
        back, and what lies between has to be decided again.
        """
        columns = self._cluster, self._topics, self._topic_ids, self._partitions, self._first, *START_MARK
        known = [self._reached.get(place, 0) for place in self._places]
        rows = await connection.fetch(_CLAIM, *columns, known)
        if len(rows) < len(self._places):
            # Somebody starts a partition at this moment, perhaps the same one: after that it is seen or ours to start.
            # Or a mark was set back.
            await connection.execute(LOCK_START, *START_MARK)
            rows = await connection.fetch(_CLAIM, *columns, [0] * len(known))
        self._next = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
        self._made = {(row["topic"], row["partition"]) for row in rows if row["made"]}
        for row in rows:
            place = row["topic"], row["partition"]
            if place in self._reached and (row["made"] or row["next_offset"] < self._reached[place]):
                raise StoreRace(f"the mark of {place[0]} partition {place[1]} is behind what was decided")

    def is_fresh(self, record: Record) -> bool:
        """Whether nobody decided this record yet."""
        return record.offset >= self._next[record.topic, record.partition]

    async def move(self, connection: Connection) -> None:
        """Set the marks behind the batch. Raises StoreRace when another owner started a partition first."""
        now = [self._next[place] for place in self._places]
        after = [max(self._after[place], self._next[place]) for place in self._places]
        made = [place in self._made for place in self._places]
        columns = self._cluster, self._topics, self._topic_ids, self._partitions, now, after, made
        done = await connection.execute(_MOVE, *columns)
        if int(done.rpartition(" ")[2]) != len(self._places):
            raise StoreRace("another process started a partition of the batch")


async def read_marks(connection: Connection, cluster_id: str, topic: str) -> dict[str, dict[int, int]]:
    """The next offset per partition, for every identity the topic ever had in this cluster."""
    marks: dict[str, dict[int, int]] = {}
    for row in await connection.fetch(_READ, cluster_id, topic):
        marks.setdefault(row["topic_id"], {})[row["partition"]] = row["next_offset"]
    return marks
