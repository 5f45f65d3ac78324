"""Settlement: commit to Kafka how far a partition is decided, and rewind undecided partitions.

The offset mark in the database is authoritative. The group's committed offsets follow it and serve to monitor the
lag. A failed or late commit is harmless, because the mark recognizes records that are delivered again.
"""

import asyncio
from collections.abc import Callable, Mapping, Set
from typing import Protocol

from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from consumers.backoff import pause
from service.failpoint import passing
from service.log_condition import LogCondition
from service.telemetry import OFFSET_COMMIT_FAILURES, log

_log = log(__name__)

COMMIT_SECONDS = 10.0

PAUSE_SECONDS = 0.1
"""Time between two commits. A commit for each small batch would take an eighth of the broker's time for commands."""


class Consumer(Protocol):
    """The methods of the Kafka consumer that are used here."""

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Commit the next offset to read of each partition."""

    async def committed(self, partition: TopicPartition) -> int | None:
        """Return the next offset that the group has committed, None when there is none."""

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Continue reading at this offset."""

    def assignment(self) -> Set[TopicPartition]:
        """Return the assigned partitions."""

    def last_stable_offset(self, partition: TopicPartition) -> int | None:
        """Return the offset of the first record of an open transaction, else the end of the log, at the last fetch."""


class Settlement:
    """Commits next offsets in the background, only the newest of each partition, and rewinds partitions.

    Between two commits are `pause_seconds`, unless somebody waits for the offsets.
    A commit is abandoned after `commit_seconds`. That should not exceed the session time-out: a process that was frozen
    for longer has lost its membership, and would set back the offsets that the next owner has committed. `watch` is
    called with each task that commits, and its name.
    """

    def __init__(
        self,
        commit_seconds: float = COMMIT_SECONDS,
        *,
        pause_seconds: float = PAUSE_SECONDS,
        watch: Callable[[asyncio.Task[None], str], None] = lambda *_: None,
    ) -> None:
        self._commit_seconds = commit_seconds
        self._pause_seconds = pause_seconds
        self._flushing = asyncio.Event()
        self._watch = watch
        self._consumer: Consumer | None = None
        self._pending: dict[TopicPartition, int] = {}
        self.reached: dict[TopicPartition, int] = {}
        """The next offset to decide of each partition, as known by this process."""
        self._checked: dict[TopicPartition, int] = {}
        self._committing: asyncio.Task[None] | None = None
        self._failing = LogCondition(_log, "offset_commit_failed", "offset_commit_recovered")
        self.on_rewind: Callable[[], None] | None = None
        """Called before every rewind."""

    def use(self, consumer: Consumer) -> None:
        """Use this consumer from now on."""
        self._consumer = consumer

    def settle(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Commit these next offsets in the background; the database has committed all records before them."""
        self._pending.update(offsets)
        self.reached.update(offsets)
        if self._committing is None or self._committing.done():
            self._committing = asyncio.create_task(self._commit())
            self._watch(self._committing, "offset commit")

    async def flush(self, seconds: float = COMMIT_SECONDS) -> None:
        """Wait until all offsets settled so far are committed or abandoned, but at most this many seconds."""
        if self._committing is not None:
            self._flushing.set()
            await asyncio.wait([self._committing], timeout=seconds)
            self._flushing.clear()

    def rewind(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Read these partitions again from these offsets."""
        if self.on_rewind is not None:
            self.on_rewind()
        consumer = self._consumer
        if consumer is None:
            return
        for partition, offset in offsets.items():
            try:
                consumer.seek(partition, offset)
            except IllegalStateError:
                # The partition was revoked. Its next owner starts at the mark.
                _log.info("rewind_of_lost_partition", topic=partition.topic, partition=partition.partition)

    def lags(self) -> dict[TopicPartition, int]:
        """Return the number of undecided offsets of each assigned partition, as far as it is known.

        Records of open transactions do not count, because they cannot be read.
        """
        if self._consumer is None:
            return {}
        ends = {tp: self._consumer.last_stable_offset(tp) for tp in self._consumer.assignment()}
        return {
            tp: max(0, end - self.reached[tp]) for tp, end in ends.items() if end is not None and tp in self.reached
        }

    async def check(self) -> None:
        """Commit again where the group's committed offset is behind. Raises KafkaError.

        A commit may have failed, or a process that was frozen may have set the offset back when it resumed: not every
        broker refuses that. Only idle partitions are checked, because busy ones are committed with the next batch.
        """
        consumer = self._consumer
        if consumer is None:
            return
        reached = {tp: self.reached[tp] for tp in consumer.assignment() if tp in self.reached}
        idle = {tp: offset for tp, offset in reached.items() if self._checked.get(tp) == offset}
        self._checked = reached
        committed = await asyncio.gather(*map(consumer.committed, idle))
        behind = {
            tp: idle[tp]
            for tp, offset in zip(idle, committed, strict=True)
            if (offset or 0) < idle[tp] == self.reached[tp]
        }
        if behind:
            # While commits fail, every check finds offsets that are behind: log that only once.
            if not self._failing.exists:
                _log.info("offsets_committed_again", partitions=len(behind))
            self.settle(behind)

    async def _commit(self) -> None:
        consumer = self._consumer
        while self._pending and consumer is not None:
            offsets, self._pending = self._pending, {}
            passing("before_offset_commit")
            try:
                async with asyncio.timeout(self._commit_seconds):
                    await consumer.commit(offsets)
            except (KafkaError, TimeoutError) as error:
                OFFSET_COMMIT_FAILURES.inc()
                self._failing.lasts(error=repr(error), partitions=len(offsets))
            else:
                self._failing.ended()
                passing("after_offset_commit")
            await pause(self._pause_seconds, self._flushing)
