"""The start offset of each partition: the mark in the database, compared with the records that the log still has."""

from collections.abc import Mapping, Sequence

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient

from consumers.kafka.cluster_identity import Identity, read_cluster_identity
from consumers.reading.assignment import HasRecord, OffsetAlarm
from service.settings import Settings, variable
from service.store.offset_fence import OffsetFenceStore
from service.telemetry import log

_log = log(__name__)

_ACCEPT = f"When the loss is understood, start once with {variable('accept_lost_commands')}=true to continue."


class StartOffsets:
    """Finds the start offsets of partitions of these topics, in the cluster that `identity` describes."""

    def __init__(
        self,
        settings: Settings,
        client: AIOKafkaClient,
        store: OffsetFenceStore,
        identity: Identity,
        topics: Sequence[str],
    ) -> None:
        self._accept = settings.accept_lost_commands
        self._client = client
        self._store = store
        self._identity = identity
        self._topics = topics

    async def check(self) -> None:
        """Raise OffsetAlarm when the cluster or a topic is not the same as at the start."""
        self.compare(await read_cluster_identity(self._client, self._topics))

    def compare(self, now: Identity) -> None:
        """Raise OffsetAlarm when the cluster or a topic in `now` is not the same as at the start."""
        if now.cluster_id != self._identity.cluster_id:
            raise OffsetAlarm(f"the broker belongs to cluster {now.cluster_id} now, not {self._identity.cluster_id}")
        for topic in self._topics:
            if now.topic_ids[topic] != self._identity.topic_ids[topic]:
                raise OffsetAlarm(f"topic {topic} was deleted and recreated while it was read")

    async def start_offsets(
        self, retained: Mapping[TopicPartition, tuple[int, int]], has_record: HasRecord
    ) -> dict[TopicPartition, int]:
        """Return the next offset to decide of each partition, given its first and next offset in the log.

        A partition without a mark gets one at its first record. Raises StoreUnavailable, and OffsetAlarm when that
        would skip undecided records and the operator has not accepted the loss.
        """
        marks = await self._store.marks()
        offsets = {}
        moved = {}
        accepted: dict[str, list[str]] = {}
        for tp, (first, after) in retained.items():
            mark = marks.get((tp.topic, tp.partition))
            # The embedded memory broker reports the beginning of its last batch as the end of the log.
            understated = mark is not None and mark > after and await has_record(tp, mark - 1)
            end = mark if mark is not None and understated else after
            problem = await self._problem(tp, mark, first, end, known=any(topic == tp.topic for topic, _ in marks))
            if problem is None:
                offsets[tp] = first if mark is None else mark
            elif self._accept:
                accepted.setdefault(problem, []).append(f"{tp.topic}:{tp.partition} at {first}")
                offsets[tp] = moved[tp] = first
            else:
                raise OffsetAlarm(f"{problem} {_ACCEPT}")
        for problem, resumed in accepted.items():
            _log.error("lost_commands_accepted", problem=problem, resumes=resumed)
        await self._store.claim({(tp.topic, tp.partition): offset for tp, offset in offsets.items()})
        if moved:
            await self._store.move({(tp.topic, tp.partition): offset for tp, offset in moved.items()})
        return offsets

    async def _problem(
        self, tp: TopicPartition, mark: int | None, first: int, after: int, *, known: bool
    ) -> str | None:
        where = f"{tp.topic} partition {tp.partition}"
        if mark is None:
            former = frozenset() if known else await self._store.former_clusters(tp.topic)
            if self._identity.cluster_id in former:
                return f"Topic {tp.topic} was deleted and recreated: commands of the old topic may be undecided."
            if former:
                return (
                    f"The broker belongs to cluster {self._identity.cluster_id}, but topic {tp.topic} was read from"
                    f" cluster {', '.join(sorted(former))}: commands of that cluster may be undecided."
                )
            return None
        if mark < first:
            return f"{where} begins at offset {first}, but {mark} is the next to decide: undecided records are gone."
        if mark > after:
            return f"{where} ends at offset {after}, but {mark - 1} was already decided: the log lost records."
        return None
