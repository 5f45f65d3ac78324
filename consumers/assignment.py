"""Where to read: the partitions the group gives us, each from its offset mark on, never by a silent jump."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Set
from dataclasses import dataclass
from typing import Protocol

from aiokafka import TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import IllegalStateError, OffsetOutOfRangeError

from consumers.backoff import Backoff, pause
from consumers.health import Health
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


Holds = Callable[[TopicPartition, int], Awaitable[bool]]
"""Whether the log has the record at an offset."""


class Marks(Protocol):
    """The offset marks of the topics that are read."""

    async def check(self) -> None:
        """Raise OffsetAlarm when cluster or topics are no longer those the marks belong to."""

    async def place(
        self, kept: Mapping[TopicPartition, tuple[int, int]], holds: "Holds"
    ) -> Mapping[TopicPartition, int]:
        """Where to read each partition, given its first and next offset in the log; raises OffsetAlarm."""


class Consumer(Protocol):
    """What is needed of the Kafka consumer."""

    def assignment(self) -> Set[TopicPartition]: ...
    async def beginning_offsets(self, partitions: Set[TopicPartition]) -> Mapping[TopicPartition, int]: ...
    async def end_offsets(self, partitions: Set[TopicPartition]) -> Mapping[TopicPartition, int]: ...
    async def holds(self, partition: TopicPartition, offset: int) -> bool: ...
    def seek(self, partition: TopicPartition, offset: int) -> None: ...


@dataclass(slots=True)
class Ending:
    """How the process comes to its end: `stop` is set, `reason` when it is not by its operator."""

    stop: asyncio.Event
    reason: str | None = None

    def halt(self, reason: str) -> None:
        """End the process with this reason and a non-zero exit code."""
        if self.reason is None:
            self.reason = reason
            _log.error("halt", reason=reason)
        self.stop.set()


class Assignment(ConsumerRebalanceListener):  # type: ignore[misc]  # the client library ships no types
    """Lets the consumer poll only from places that the marks confirm, and holds a rebalance until a batch is done."""

    def __init__(self, marks: Marks, health: Health, ending: Ending, *, backoff: Backoff | None = None) -> None:
        self._marks = marks
        self._health = health
        self._ending = ending
        self._placed = False
        self._rebalancing = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._backoff = backoff or Backoff()
        self.flush: Callable[[], Awaitable[None]] | None = None
        """Commits what is settled, before partitions go."""
        self.on_placed: Callable[[Mapping[TopicPartition, int]], None] | None = None
        """Told from where each partition is read; partitions that it does not name are not ours."""

    async def on_partitions_revoked(self, revoked: Set[TopicPartition]) -> None:
        """Let the running batch end first; the heartbeats go on meanwhile."""
        self._placed = False
        self._rebalancing = True
        waits = [asyncio.create_task(event.wait()) for event in (self._idle, self._ending.stop)]
        await asyncio.wait(waits, timeout=REVOKE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        if self.flush is not None:
            await self.flush()

    async def on_partitions_assigned(self, assigned: Set[TopicPartition]) -> None:
        """Have the places looked up before the next poll; here it would keep the heartbeat waiting."""
        self._placed = False
        self._rebalancing = False
        _log.info("partitions_assigned", partitions=sorted(f"{tp.topic}:{tp.partition}" for tp in assigned))

    def lost(self) -> None:
        """Look the places up again: something happened after which nobody knows them for sure."""
        self._placed = False

    def done(self) -> None:
        """The batch that the last poll gave is dealt with."""
        self._idle.set()

    async def poll(
        self, consumer: Consumer, fetch: Callable[[], Awaitable[dict[TopicPartition, list[object]]]]
    ) -> dict[TopicPartition, list[object]]:
        """Records to decide, from confirmed places; empty only when the process ends. Errors are waited out here."""
        while not self._ending.stop.is_set():
            self._health.beat(LOOP, LOOP_SECONDS)
            try:
                # Until the group has dealt its partitions anew, the ones of before may be another's: what is committed
                # for them comes late, and sets back what the other one committed.
                if not self._placed and not self._rebalancing:
                    await self._place(consumer)
                records = await fetch()
            except (OffsetAlarm, ConsumerBroken) as alarm:
                self._ending.halt(str(alarm))
            except (OffsetOutOfRangeError, IllegalStateError):
                # The next look at marks and log says what is gone; or a rebalance came in between.
                self._placed = False
                await pause(self._backoff.next(), self._ending.stop)
            except Exception as error:
                # A failed poll may have let go of records it had taken, so the places are no longer sure.
                self._placed = False
                self._health.trouble(READING, f"{type(error).__name__}: {error}")
                await pause(self._backoff.next(), self._ending.stop)
            else:
                # An empty poll without places proves nothing: looking them up may fail as it did before.
                if self._placed:
                    self._backoff.reset()
                    self._health.well(READING)
                    if records:
                        self._idle.clear()
                        return records
                if self._rebalancing:
                    await pause(REBALANCE_PAUSE_SECONDS, self._ending.stop)
        return {}

    async def _place(self, consumer: Consumer) -> None:
        self._placed = True
        partitions = consumer.assignment()
        if not partitions:
            self._tell_placed({})
            return
        await self._marks.check()
        first = await consumer.beginning_offsets(partitions)
        after = await consumer.end_offsets(partitions)
        places = await self._marks.place({tp: (first[tp], after[tp]) for tp in partitions}, consumer.holds)
        # A rebalance during the waits above has taken the flag back: then these places are of no use.
        if self._placed:
            for partition, offset in places.items():
                consumer.seek(partition, offset)
            self._tell_placed(places)

    def _tell_placed(self, places: Mapping[TopicPartition, int]) -> None:
        if self.on_placed is not None:
            self.on_placed(places)
