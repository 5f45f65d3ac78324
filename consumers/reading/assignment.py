"""Where to read: the partitions the group gives us, each from its offset mark on, never by a silent jump."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Set
from typing import Protocol

from aiokafka import TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import IllegalStateError, OffsetOutOfRangeError

from consumers.backoff import Backoff, pause
from consumers.health import Health
from consumers.shutdown import Shutdown
from service.telemetry import log

_log = log(__name__)

READING = "reading"
"""The part that is ready when records can be asked for: the group was joined and the places are known."""

LOOP = "consumer"
LOOP_SECONDS = 120.0
REVOKE_SECONDS = 60.0
REBALANCE_PAUSE_SECONDS = 0.05


class OffsetAlarm(Exception):
    """Records are gone that were not decided, or a topic is not the one the marks belong to."""


class ConsumerBroken(Exception):
    """The Kafka client has come to an end of its own; only a new process helps."""


HasRecord = Callable[[TopicPartition, int], Awaitable[bool]]
"""Whether the log has the record at an offset."""


class StartOffsetSource(Protocol):
    """The offset marks of the topics that are read."""

    async def check(self) -> None:
        """Raise OffsetAlarm when cluster or topics are no longer those the marks belong to."""

    async def start_offsets(
        self, kept: Mapping[TopicPartition, tuple[int, int]], has_record: "HasRecord"
    ) -> Mapping[TopicPartition, int]:
        """Where to read each partition, given its first and next offset in the log; raises OffsetAlarm."""


class Consumer(Protocol):
    """What is needed of the Kafka consumer."""

    def assignment(self) -> Set[TopicPartition]: ...
    async def beginning_offsets(self, partitions: Set[TopicPartition]) -> Mapping[TopicPartition, int]: ...
    async def end_offsets(self, partitions: Set[TopicPartition]) -> Mapping[TopicPartition, int]: ...
    async def has_record(self, partition: TopicPartition, offset: int) -> bool: ...
    def seek(self, partition: TopicPartition, offset: int) -> None: ...


class Assignment(ConsumerRebalanceListener):  # type: ignore[misc]  # the client library ships no types
    """Lets the consumer poll only from places that the marks confirm, and holds a rebalance until a batch is done."""

    def __init__(
        self, marks: StartOffsetSource, health: Health, shutdown: Shutdown, *, backoff: Backoff | None = None
    ) -> None:
        self._start_offsets = marks
        self._health = health
        self._shutdown = shutdown
        self._positioned = False
        self._rebalancing = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._backoff = backoff or Backoff()
        self.flush: Callable[[], Awaitable[None]] | None = None
        """Commits what is settled, before partitions go."""
        self.on_positioned: Callable[[Mapping[TopicPartition, int]], None] | None = None
        """Told from where each partition is read; partitions that it does not name are not ours."""

    async def on_partitions_revoked(self, revoked: Set[TopicPartition]) -> None:
        """Let the running batch end first; the heartbeats go on meanwhile."""
        self._positioned = False
        self._rebalancing = True
        waits = [asyncio.create_task(event.wait()) for event in (self._idle, self._shutdown.stop)]
        await asyncio.wait(waits, timeout=REVOKE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        if self.flush is not None:
            await self.flush()

    async def on_partitions_assigned(self, assigned: Set[TopicPartition]) -> None:
        """Have the places looked up before the next poll; here it would keep the heartbeat waiting."""
        self._positioned = False
        self._rebalancing = False
        _log.info("partitions_assigned", partitions=sorted(f"{tp.topic}:{tp.partition}" for tp in assigned))

    def lost(self) -> None:
        """Look the places up again: something happened after which nobody knows them for sure."""
        self._positioned = False

    def done(self) -> None:
        """The batch that the last poll gave is dealt with."""
        self._idle.set()

    async def poll(
        self, consumer: Consumer, fetch: Callable[[], Awaitable[dict[TopicPartition, list[object]]]]
    ) -> dict[TopicPartition, list[object]]:
        """Records to decide, from confirmed places; empty only when the process ends. Errors are waited out here."""
        while not self._shutdown.stop.is_set():
            self._health.heartbeat(LOOP, LOOP_SECONDS)
            try:
                # Until the group has dealt its partitions anew, the ones of before may be another's: what is committed
                # for them comes late, and sets back what the other one committed.
                if not self._positioned and not self._rebalancing:
                    await self._seek_to_start_offsets(consumer)
                records = await fetch()
            except (OffsetAlarm, ConsumerBroken) as alarm:
                self._shutdown.fail(str(alarm))
            except (OffsetOutOfRangeError, IllegalStateError):
                # The next look at marks and log says what is gone; or a rebalance came in between.
                self._positioned = False
                await pause(self._backoff.next(), self._shutdown.stop)
            except Exception as error:
                # A failed poll may have let go of records it had taken, so the places are no longer sure.
                self._positioned = False
                self._health.mark_not_ready(READING, f"{type(error).__name__}: {error}")
                await pause(self._backoff.next(), self._shutdown.stop)
            else:
                # An empty poll without places proves nothing: looking them up may fail as it did before.
                if self._positioned:
                    self._backoff.reset()
                    self._health.mark_ready(READING)
                    if records:
                        self._idle.clear()
                        return records
                if self._rebalancing:
                    await pause(REBALANCE_PAUSE_SECONDS, self._shutdown.stop)
        return {}

    async def _seek_to_start_offsets(self, consumer: Consumer) -> None:
        self._positioned = True
        partitions = consumer.assignment()
        if not partitions:
            self._report_start_offsets({})
            return
        await self._start_offsets.check()
        first = await consumer.beginning_offsets(partitions)
        after = await consumer.end_offsets(partitions)
        offsets = await self._start_offsets.start_offsets(
            {tp: (first[tp], after[tp]) for tp in partitions}, consumer.has_record
        )
        # A rebalance during the waits above has taken the flag back: then these places are of no use.
        if self._positioned:
            for partition, offset in offsets.items():
                consumer.seek(partition, offset)
            self._report_start_offsets(offsets)

    def _report_start_offsets(self, offsets: Mapping[TopicPartition, int]) -> None:
        if self.on_positioned is not None:
            self.on_positioned(offsets)
