"""Polling only from confirmed places, and rebalances that wait for the running batch."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Set

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError, OffsetOutOfRangeError

from consumers.assignment import READING, Assignment, ConsumerBroken, Ending, OffsetAlarm
from consumers.backoff import Backoff
from consumers.health import Health
from service.store.errors import StoreUnavailable

P0 = TopicPartition("t", 0)
Records = dict[TopicPartition, list[object]]


class StubMarks:
    """Answers places, or raises what is next in `errors`."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.places = {P0: 42}

    async def check(self) -> None:
        if self.errors:
            raise self.errors.pop(0)

    async def place(
        self, kept: Mapping[TopicPartition, tuple[int, int]], _holds: object
    ) -> Mapping[TopicPartition, int]:
        return {tp: self.places[tp] for tp in kept}


class StubConsumer:
    """Owns one partition and gives the records of `polls`, or raises them."""

    def __init__(self, *polls: Records | Exception | Callable[[], Awaitable[Records]]) -> None:
        self.polls = list(polls)
        self.sought: list[tuple[TopicPartition, int]] = []

    def assignment(self) -> Set[TopicPartition]:
        return {P0}

    async def beginning_offsets(self, partitions: Set[TopicPartition]) -> Mapping[TopicPartition, int]:
        return dict.fromkeys(partitions, 0)

    async def end_offsets(self, partitions: Set[TopicPartition]) -> Mapping[TopicPartition, int]:
        return dict.fromkeys(partitions, 100)

    async def holds(self, partition: TopicPartition, offset: int) -> bool:
        return True

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.sought.append((partition, offset))

    async def fetch(self) -> Records:
        next_poll = self.polls.pop(0)
        if isinstance(next_poll, Exception):
            raise next_poll
        return next_poll if isinstance(next_poll, dict) else await next_poll()


RECORDS: Records = {P0: [object()]}


def assignment(marks: StubMarks, backoff: Backoff | None = None) -> tuple[Assignment, Ending, Health]:
    ending, health = Ending(asyncio.Event()), Health([READING])
    return Assignment(marks, health, ending, backoff=backoff or Backoff(first=0.0)), ending, health


async def test_the_first_poll_reads_from_the_mark() -> None:
    places, _, _ = assignment(StubMarks())
    consumer = StubConsumer(RECORDS)
    assert await places.poll(consumer, consumer.fetch) == RECORDS
    assert consumer.sought == [(P0, 42)]


async def test_the_mark_is_not_asked_again_when_nothing_happened() -> None:
    places, _, _ = assignment(StubMarks())
    consumer = StubConsumer(RECORDS, {}, RECORDS)
    await places.poll(consumer, consumer.fetch)
    places.done()
    await places.poll(consumer, consumer.fetch)
    assert consumer.sought == [(P0, 42)]


@pytest.mark.parametrize(
    "error", [KafkaError("corrupt"), IllegalStateError("rebalance"), OffsetOutOfRangeError({}), AssertionError()]
)
async def test_reading_begins_at_the_mark_again_when_a_poll_failed(error: Exception) -> None:
    places, ending, _ = assignment(StubMarks())
    consumer = StubConsumer(error, RECORDS)
    assert await places.poll(consumer, consumer.fetch) == RECORDS
    assert consumer.sought == [(P0, 42), (P0, 42)], "a failed poll may have let go of records"
    assert ending.reason is None


async def test_records_are_thrown_away_when_the_places_were_lost_while_they_came() -> None:
    places, _, _ = assignment(StubMarks())

    async def rebalanced() -> Records:
        await places.on_partitions_assigned({P0})
        return {P0: ["of an unknown place"]}

    consumer = StubConsumer(rebalanced, RECORDS)
    assert await places.poll(consumer, consumer.fetch) == RECORDS
    assert len(consumer.sought) == 2


async def test_nothing_is_read_and_readiness_says_so_while_the_marks_cannot_be_asked() -> None:
    places, _, health = assignment(StubMarks(StoreUnavailable("away")))
    told: list[str | None] = []

    async def look() -> Records:
        told.append(health.ready()[READING])
        return RECORDS

    assert await places.poll(StubConsumer(look), look) == RECORDS
    assert "away" in str(told[0])
    assert health.ready() == {READING: None}, "records came from confirmed places"


class Waits(Backoff):
    """Remembers in which turn each wait was; no wait takes time."""

    def __init__(self) -> None:
        super().__init__(first=0.0)
        self.turns: list[int] = []

    def next(self) -> float:
        self.turns.append(self._turns)
        return super().next()


@pytest.mark.parametrize(
    "error", [KafkaError("corrupt"), IllegalStateError("rebalance"), OffsetOutOfRangeError({}), StoreUnavailable("no")]
)
async def test_waits_grow_until_records_could_be_asked_for_from_confirmed_places(error: Exception) -> None:
    waits = Waits()
    places, _, _ = assignment(StubMarks(), waits)
    consumer = StubConsumer(error, error, {}, error, RECORDS)
    await places.poll(consumer, consumer.fetch)
    assert waits.turns == [0, 1, 0]


async def test_waits_go_on_growing_when_a_poll_succeeds_while_the_places_are_unknown() -> None:
    waits = Waits()
    places, _, health = assignment(StubMarks(), waits)

    async def rebalanced() -> Records:
        places.lost()
        return {}

    consumer = StubConsumer(KafkaError("corrupt"), rebalanced, KafkaError("corrupt"), RECORDS)
    await places.poll(consumer, consumer.fetch)
    assert waits.turns == [0, 1]
    assert health.ready() == {READING: None}


async def test_others_are_told_that_no_partition_is_ours() -> None:
    places, _, _ = assignment(StubMarks())
    told: list[Mapping[TopicPartition, int]] = []
    places.on_placed = told.append

    class WithoutPartitions(StubConsumer):
        def assignment(self) -> Set[TopicPartition]:
            return set()

    consumer = WithoutPartitions(RECORDS)
    await places.poll(consumer, consumer.fetch)
    assert told == [{}]


@pytest.mark.parametrize("error", [OffsetAlarm("records are gone"), ConsumerBroken("the client gave up")])
async def test_the_process_ends_with_the_reason_when_reading_on_would_lose_something(error: Exception) -> None:
    places, ending, _ = assignment(StubMarks(error))
    consumer = StubConsumer()
    assert await places.poll(consumer, consumer.fetch) == {}
    assert ending.reason == str(error)
    assert ending.stop.is_set()


async def test_a_rebalance_waits_for_the_running_batch_and_then_commits() -> None:
    places, _, _ = assignment(StubMarks())
    flushed: list[bool] = []

    async def flush() -> None:
        flushed.append(True)

    places.flush = flush
    consumer = StubConsumer(RECORDS)
    await places.poll(consumer, consumer.fetch)
    revoked = asyncio.create_task(places.on_partitions_revoked({P0}))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not revoked.done()
    places.done()
    await asyncio.wait_for(revoked, 5)
    assert flushed == [True]


async def test_a_rebalance_does_not_wait_when_the_process_ends() -> None:
    places, ending, _ = assignment(StubMarks())
    consumer = StubConsumer(RECORDS)
    await places.poll(consumer, consumer.fetch)
    ending.stop.set()
    await asyncio.wait_for(places.on_partitions_revoked({P0}), 5)


async def test_nothing_is_placed_or_given_out_until_the_group_has_dealt_its_partitions_anew() -> None:
    places, _, _ = assignment(StubMarks())

    async def dealt() -> Records:
        await places.on_partitions_assigned({P0})
        return RECORDS

    consumer = StubConsumer(RECORDS, dealt, RECORDS)
    await places.on_partitions_revoked({P0})
    given = await places.poll(consumer, consumer.fetch)
    assert given == RECORDS
    assert consumer.sought == [(P0, 42)]
    assert not consumer.polls
