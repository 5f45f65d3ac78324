"""Settling: telling Kafka how far a partition is decided, and going back when it is not.

The truth is the offset mark in the database. The group's committed offsets follow it, for those who watch the lag: a
commit that fails or comes late costs nothing, since the mark absorbs what is delivered again.
"""

import asyncio
from collections.abc import Callable, Mapping, Set
from typing import Protocol

from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from service.failpoint import passing
from service.telemetry import OFFSET_COMMIT_FAILURES, log

_log = log(__name__)

COMMIT_SECONDS = 10.0


class Consumer(Protocol):
    """What settling needs of a Kafka consumer."""

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Commit the next offset to read of each partition."""

    async def committed(self, partition: TopicPartition) -> int | None:
        """The next offset that the group has committed, None when it has none."""

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Read on from this offset."""

    def assignment(self) -> Set[TopicPartition]:
        """The partitions that are ours."""

    def highwater(self, partition: TopicPartition) -> int | None:
        """The next offset of the partition's log, as last seen."""


class Settlement:
    """Commits next offsets behind the batches, the newest of each partition only, and rewinds.

    A commit is given up after `commit_seconds`. That should not be more than the session of a member: who was frozen
    for longer is none any more, and would set back what the next owner has committed meanwhile.
    """

    def __init__(self, commit_seconds: float = COMMIT_SECONDS) -> None:
        self._commit_seconds = commit_seconds
        self._consumer: Consumer | None = None
        self._pending: dict[TopicPartition, int] = {}
        self.reached: dict[TopicPartition, int] = {}
        """The next offset to decide of each partition, as far as this process knows."""
        self._checked: dict[TopicPartition, int] = {}
        self._committing: asyncio.Task[None] | None = None
        self._commits_fail = False
        self.on_rewind: Callable[[], None] | None = None
        """Told of every rewind."""

    def follow(self, consumer: Consumer) -> None:
        """Settle with this consumer from now on."""
        self._consumer = consumer

    def settle(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Commit these next offsets (last offset + 1) soon; the database has committed what lies before them."""
        self._pending.update(offsets)
        self.reached.update(offsets)
        if self._committing is None or self._committing.done():
            self._committing = asyncio.create_task(self._commit())

    async def flush(self, seconds: float = COMMIT_SECONDS) -> None:
        """Wait until everything settled so far was committed or given up, or so long."""
        if self._committing is not None:
            await asyncio.wait([self._committing], timeout=seconds)

    def rewind(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Read every one of these partitions again from the offset given."""
        if self.on_rewind is not None:
            self.on_rewind()
        consumer = self._consumer
        if consumer is None:
            return
        for partition, offset in offsets.items():
            try:
                consumer.seek(partition, offset)
            except IllegalStateError:
                # Not ours any more: its next owner starts at the mark.
                _log.info("rewind_of_lost_partition", topic=partition.topic, partition=partition.partition)

    def lags(self) -> dict[TopicPartition, int]:
        """How many records of each partition that is ours lie behind the last one decided, as far as is known."""
        if self._consumer is None:
            return {}
        ours = self._consumer.assignment()
        ends = {tp: self._consumer.highwater(tp) for tp in ours}
        return {
            tp: max(0, end - self.reached[tp]) for tp, end in ends.items() if end is not None and tp in self.reached
        }

    async def check(self) -> None:
        """Commit again where the group's committed offset is behind; raises KafkaError.

        A commit may have failed, or a process that was frozen may have set the offset back when it woke: not every
        broker refuses that. Only partitions at rest are looked at, for in the others the next commit says the same.
        """
        consumer = self._consumer
        if consumer is None:
            return
        reached = {tp: self.reached[tp] for tp in consumer.assignment() if tp in self.reached}
        resting = {tp: offset for tp, offset in reached.items() if self._checked.get(tp) == offset}
        self._checked = reached
        committed = await asyncio.gather(*map(consumer.committed, resting))
        behind = {
            tp: resting[tp]
            for tp, offset in zip(resting, committed, strict=True)
            if (offset or 0) < resting[tp] == self.reached[tp]
        }
        if behind:
            # While commits fail, every check finds offsets that are behind.
            if not self._commits_fail:
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
                if not self._commits_fail:
                    self._commits_fail = True
                    _log.warning("offset_commit_failed", error=repr(error), partitions=len(offsets))
            else:
                if self._commits_fail:
                    self._commits_fail = False
                    _log.info("offset_commit_recovered")
                passing("after_offset_commit")
