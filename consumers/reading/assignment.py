"""The assigned partitions and their start offsets: reading starts at the offset marks and never skips records."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Set
from typing import Protocol

from aiokafka import TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import IllegalStateError, OffsetOutOfRangeError

from consumers.backoff import Backoff, pause
from consumers.health import Health
from consumers.kafka.permission import denied
from consumers.shutdown import Shutdown
from service.telemetry import log

_log = log(__name__)

READING = "reading"
"""The part that is ready when records can be fetched: the group was joined and the start offsets are known."""

LOOP = "consumer"
LOOP_SECONDS = 120.0
REVOKE_SECONDS = 60.0
REBALANCE_PAUSE_SECONDS = 0.05


class OffsetAlarm(Exception):
    """Undecided records were deleted, or a topic is not the one that the marks belong to."""


class ConsumerBroken(Exception):
    """The Kafka client cannot continue; the process has to be restarted."""


HasRecord = Callable[[TopicPartition, int], Awaitable[bool]]
"""Return whether the log has the record at an offset."""


class StartOffsetSource(Protocol):
    """A source of start offsets: the offset marks of the command topics."""

    async def check(self) -> None:
        """Raise OffsetAlarm when the marks do not belong to this cluster and these topics any more."""

    async def start_offsets(
        self, retained: Mapping[TopicPartition, tuple[int, int]], has_record: "HasRecord"
    ) -> Mapping[TopicPartition, int]:
        """Return where to read each partition, given its first and next offset in the log. Raises OffsetAlarm."""


class Consumer(Protocol):
    """The methods of the Kafka consumer that are used here."""

    def assignment(self) -> Set[TopicPartition]: ...
    async def beginning_offsets(self, partitions: Set[TopicPartition]) -> Mapping[TopicPartition, int]: ...
    async def end_offsets(self, partitions: Set[TopicPartition]) -> Mapping[TopicPartition, int]: ...
    async def has_record(self, partition: TopicPartition, offset: int) -> bool: ...
    def positions(self) -> Mapping[TopicPartition, int]: ...
    def seek(self, partition: TopicPartition, offset: int) -> None: ...
    def last_poll_timestamp(self, partition: TopicPartition) -> int | None: ...


class Assignment(ConsumerRebalanceListener):  # type: ignore[misc]  # the client library ships no types
    """Lets the consumer poll only from confirmed start offsets, and delays a rebalance until the batch is done."""

    def __init__(
        self, marks: StartOffsetSource, health: Health, shutdown: Shutdown, *, backoff: Backoff | None = None
    ) -> None:
        self._start_offsets = marks
        self._health = health
        self._shutdown = shutdown
        self._positioned = False
        self._rebalancing = False
        # The partitions from which no fetch was answered since the last look-up, each with the time of the last answer.
        self._unanswered: dict[TopicPartition, int | None] = {}
        self._idle = asyncio.Event()
        self._idle.set()
        self._backoff = backoff or Backoff()
        self.flush: Callable[[], Awaitable[None]] | None = None
        """Commits settled offsets before partitions are revoked."""
        self.on_positioned: Callable[[Mapping[TopicPartition, int]], None] | None = None
        """Called with the start offset of each assigned partition."""
        self.on_assigned: Callable[[Set[TopicPartition]], None] | None = None
        """Called with the assigned partitions, before their start offsets are known."""
        self.pass_over: Callable[[Mapping[TopicPartition, int]], Awaitable[None]] | None = None
        """Called with the positions of partitions without new records: all records before them were read or are never
        delivered, such as control records and the records of aborted transactions."""
        self.positions: Mapping[TopicPartition, int] = {}
        """The next offset to read of each assigned partition, after the records of the last poll."""

    @property
    def is_reading(self) -> bool:
        """Whether the broker has answered a fetch of every assigned partition, of which there are some."""
        return self._positioned and bool(self.positions) and not self._unanswered

    async def on_partitions_revoked(self, revoked: Set[TopicPartition]) -> None:
        """Wait until the running batch ends. Heartbeats continue during the wait."""
        self._positioned = False
        self._rebalancing = True
        waits = [asyncio.create_task(event.wait()) for event in (self._idle, self._shutdown.stop)]
        await asyncio.wait(waits, timeout=REVOKE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        if self.flush is not None:
            await self.flush()

    async def on_partitions_assigned(self, assigned: Set[TopicPartition]) -> None:
        """Request a look-up of start offsets before the next poll; a look-up here would delay the heartbeats."""
        self._positioned = False
        self._rebalancing = False
        if self.on_assigned is not None:
            self.on_assigned(assigned)
        _log.info("partitions_assigned", partitions=sorted(f"{tp.topic}:{tp.partition}" for tp in assigned))

    def lost(self) -> None:
        """Request a new look-up of the start offsets, after an event that made the positions uncertain."""
        self._positioned = False

    def done(self) -> None:
        """Record that the batch of the last poll is finished."""
        self._idle.set()

    async def poll(
        self, consumer: Consumer, fetch: Callable[[], Awaitable[dict[TopicPartition, list[object]]]]
    ) -> dict[TopicPartition, list[object]]:
        """Return records from confirmed start offsets. Empty only at shutdown; other errors lead to a retry here."""
        while not self._shutdown.stop.is_set():
            self._health.heartbeat(LOOP, LOOP_SECONDS)
            try:
                # During a rebalance the previous partitions may already belong to another member. A commit for them
                # would be late, and would set back the offsets of that member.
                if not self._positioned and not self._rebalancing:
                    await self._seek_to_start_offsets(consumer)
                records = await fetch()
                if self._positioned:
                    await self._note_positions(consumer, records)
            except (OffsetAlarm, ConsumerBroken) as alarm:
                self._shutdown.fail(str(alarm))
            except (OffsetOutOfRangeError, IllegalStateError):
                # Either records were deleted, which the next look-up reports, or a rebalance happened in between.
                self._positioned = False
                await pause(self._backoff.next(), self._shutdown.stop)
            except Exception as error:
                # A failed poll may have lost records that it had fetched, so the positions are uncertain.
                self._positioned = False
                self._health.mark_not_ready(READING, denied(error, "READ") or f"{type(error).__name__}: {error}")
                await pause(self._backoff.next(), self._shutdown.stop)
            else:
                # An empty poll without start offsets is no sign of recovery: the next look-up may fail again. Before a
                # fetch of every partition was answered it is none either: the broker may refuse some of them.
                if self._positioned:
                    if self._is_answered(consumer):
                        self._backoff.reset()
                        self._health.mark_ready(READING)
                    if records:
                        self._idle.clear()
                        return records
                if self._rebalancing:
                    await pause(REBALANCE_PAUSE_SECONDS, self._shutdown.stop)
        return {}

    async def _note_positions(self, consumer: Consumer, records: Mapping[TopicPartition, list[object]]) -> None:
        # The records of earlier polls are decided, so only the new ones are undecided.
        self.positions = consumer.positions()
        if self.pass_over is not None:
            await self.pass_over({tp: offset for tp, offset in self.positions.items() if tp not in records})

    async def _seek_to_start_offsets(self, consumer: Consumer) -> None:
        self._positioned = True
        partitions = consumer.assignment()
        if not partitions:
            self._unanswered = {}
            self._report_start_offsets({})
            return
        await self._start_offsets.check()
        first = await consumer.beginning_offsets(partitions)
        after = await consumer.end_offsets(partitions)
        offsets = await self._start_offsets.start_offsets(
            {tp: (first[tp], after[tp]) for tp in partitions}, consumer.has_record
        )
        # A rebalance during the awaits above resets the flag. These offsets are then outdated.
        if self._positioned:
            for partition, offset in offsets.items():
                consumer.seek(partition, offset)
            self._unanswered = {partition: consumer.last_poll_timestamp(partition) for partition in offsets}
            self._report_start_offsets(offsets)

    def _is_answered(self, consumer: Consumer) -> bool:
        """Return whether the broker has answered a fetch of every partition since the last look-up."""
        if self._unanswered:
            waiting = self._unanswered.items()
            self._unanswered = {tp: last for tp, last in waiting if consumer.last_poll_timestamp(tp) == last}
        return not self._unanswered

    def _report_start_offsets(self, offsets: Mapping[TopicPartition, int]) -> None:
        if self.on_positioned is not None:
            self.on_positioned(offsets)
