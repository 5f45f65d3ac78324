"""Polls only from confirmed start offsets, and rebalances that wait for the running batch."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Set

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError, OffsetOutOfRangeError

from consumers.backoff import Backoff
from consumers.health import Health
from consumers.reading.assignment import READING, Assignment, ConsumerBroken, OffsetAlarm
from consumers.shutdown import Shutdown
from service.store.errors import StoreUnavailable

P0 = TopicPartition("t", 0)
Records = dict[TopicPartition, list[object]]


class StubStartOffsets:
    """Returns start offsets, or raises the next one of `errors`."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.polling = {P0: 42}

    async def check(self) -> None:
        if self.errors:
            raise self.errors.pop(0)

    async def start_offsets(
        self, retained: Mapping[TopicPartition, tuple[int, int]], _has_record: object
    ) -> Mapping[TopicPartition, int]:
        return {tp: self.polling[tp] for tp in retained}


class StubConsumer:
    """Has one partition, and returns the records of `polls` or raises them."""

    def __init__(self, *polls: Records | Exception | Callable[[], Awaitable[Records]]) -> None:
        self.polls = list(polls)
        self.sought: list[tuple[TopicPartition, int]] = []
        self.answers = 0
        self.unanswered = False
        self.position: Mapping[TopicPartition, int] = {P0: 43}

    def assignment(self) -> Set[TopicPartition]:
        return {P0}

    async def beginning_offsets(self, partitions: Set[TopicPartition]) -> Mapping[TopicPartition, int]:
        return dict.fromkeys(partitions, 0)

    async def end_offsets(self, partitions: Set[TopicPartition]) -> Mapping[TopicPartition, int]:
        return dict.fromkeys(partitions, 100)

    async def has_record(self, partition: TopicPartition, offset: int) -> bool:
        return True

    def positions(self) -> Mapping[TopicPartition, int]:
        return self.position

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.sought.append((partition, offset))

    def last_poll_timestamp(self, partition: TopicPartition) -> int | None:
        return self.answers

    async def fetch(self) -> Records:
        self.answers += not self.unanswered
        next_poll = self.polls.pop(0)
        if isinstance(next_poll, Exception):
            raise next_poll
        return next_poll if isinstance(next_poll, dict) else await next_poll()


RECORDS: Records = {P0: [object()]}


def assignment(marks: StubStartOffsets, backoff: Backoff | None = None) -> tuple[Assignment, Shutdown, Health]:
    shutdown, health = Shutdown(asyncio.Event()), Health([READING])
    return Assignment(marks, health, shutdown, backoff=backoff or Backoff(first=0.0)), shutdown, health


async def test_the_first_poll_reads_from_the_mark() -> None:
    polling, _, _ = assignment(StubStartOffsets())
    consumer = StubConsumer(RECORDS)
    assert await polling.poll(consumer, consumer.fetch) == RECORDS
    assert consumer.sought == [(P0, 42)]


async def test_the_marks_are_read_only_once_without_a_rebalance_or_an_error() -> None:
    polling, _, _ = assignment(StubStartOffsets())
    consumer = StubConsumer(RECORDS, {}, RECORDS)
    await polling.poll(consumer, consumer.fetch)
    polling.done()
    await polling.poll(consumer, consumer.fetch)
    assert consumer.sought == [(P0, 42)]


@pytest.mark.parametrize(
    "error", [KafkaError("corrupt"), IllegalStateError("rebalance"), OffsetOutOfRangeError({}), AssertionError()]
)
async def test_reading_starts_at_the_mark_again_after_a_failed_poll(error: Exception) -> None:
    polling, shutdown, _ = assignment(StubStartOffsets())
    consumer = StubConsumer(error, RECORDS)
    assert await polling.poll(consumer, consumer.fetch) == RECORDS
    assert consumer.sought == [(P0, 42), (P0, 42)], "a failed poll may have lost records"
    assert shutdown.reason is None


async def test_records_are_discarded_when_a_rebalance_happens_during_the_poll() -> None:
    polling, _, _ = assignment(StubStartOffsets())

    async def rebalanced() -> Records:
        await polling.on_partitions_assigned({P0})
        return {P0: ["from an unknown offset"]}

    consumer = StubConsumer(rebalanced, RECORDS)
    assert await polling.poll(consumer, consumer.fetch) == RECORDS
    assert len(consumer.sought) == 2


async def test_nothing_is_read_and_reading_is_not_ready_while_the_marks_are_unavailable() -> None:
    polling, _, health = assignment(StubStartOffsets(StoreUnavailable("away")))
    reported: list[str | None] = []

    async def look() -> Records:
        reported.append(health.readiness()[READING])
        return RECORDS

    consumer = StubConsumer(look)
    assert await polling.poll(consumer, consumer.fetch) == RECORDS
    assert "away" in str(reported[0])
    assert health.readiness() == {READING: None}, "records came from confirmed start offsets"


class Waits(Backoff):
    """Records the turn of each wait; no wait takes time."""

    def __init__(self) -> None:
        super().__init__(first=0.0)
        self.turns: list[int] = []

    def next(self) -> float:
        self.turns.append(self._turns)
        return super().next()


@pytest.mark.parametrize(
    "error", [KafkaError("corrupt"), IllegalStateError("rebalance"), OffsetOutOfRangeError({}), StoreUnavailable("no")]
)
async def test_waits_grow_until_a_poll_from_confirmed_start_offsets_succeeds(error: Exception) -> None:
    waits = Waits()
    polling, _, _ = assignment(StubStartOffsets(), waits)
    consumer = StubConsumer(error, error, {}, error, RECORDS)
    await polling.poll(consumer, consumer.fetch)
    assert waits.turns == [0, 1, 0]


async def test_waits_keep_growing_when_a_poll_succeeds_without_start_offsets() -> None:
    waits = Waits()
    polling, _, health = assignment(StubStartOffsets(), waits)

    async def rebalanced() -> Records:
        polling.lost()
        return {}

    consumer = StubConsumer(KafkaError("corrupt"), rebalanced, KafkaError("corrupt"), RECORDS)
    await polling.poll(consumer, consumer.fetch)
    assert waits.turns == [0, 1]
    assert health.readiness() == {READING: None}


async def test_reading_is_not_ready_again_before_the_broker_has_answered_a_fetch() -> None:
    waits = Waits()
    polling, _, health = assignment(StubStartOffsets(), waits)
    reported: list[str | None] = []

    async def look() -> Records:
        reported.append(health.readiness()[READING])
        return {}

    async def answered() -> Records:
        consumer.unanswered = False
        return {}

    consumer = StubConsumer(KafkaError("refused"), look, look, answered, {}, look, RECORDS)
    consumer.unanswered = True
    assert await polling.poll(consumer, consumer.fetch) == RECORDS
    refused = "KafkaError: KafkaError: refused"
    assert reported == [refused, refused, None], "an empty poll is no answer"
    assert waits.turns == [0]


async def test_polls_are_short_until_the_broker_has_answered_a_fetch_of_assigned_partitions() -> None:
    polling, _, _ = assignment(StubStartOffsets())
    reading: list[bool] = []

    async def look() -> Records:
        reading.append(polling.is_reading)
        return {}

    async def assigned() -> Records:
        consumer.position = {P0: 43}
        await polling.on_partitions_assigned({P0})
        return await look()

    async def answered() -> Records:
        consumer.unanswered = False
        consumer.answers += 1
        return await look()

    consumer = StubConsumer(look, assigned, look, answered, look, look, RECORDS)
    consumer.position, consumer.unanswered = {}, True
    await polling.poll(consumer, consumer.fetch)
    assert reading == [False, False, False, False, True, True]


async def test_lost_partitions_are_reported_before_the_start_offsets_are_known() -> None:
    polling, _, _ = assignment(StubStartOffsets())
    reported: list[Set[TopicPartition]] = []
    polling.on_assigned = reported.append
    await polling.on_partitions_assigned({P0})
    assert reported == [{P0}]


async def test_an_empty_assignment_is_reported() -> None:
    polling, _, _ = assignment(StubStartOffsets())
    reported: list[Mapping[TopicPartition, int]] = []
    polling.on_positioned = reported.append

    class WithoutPartitions(StubConsumer):
        def assignment(self) -> Set[TopicPartition]:
            return set()

    consumer = WithoutPartitions(RECORDS)
    await polling.poll(consumer, consumer.fetch)
    assert reported == [{}]


@pytest.mark.parametrize("error", [OffsetAlarm("records are gone"), ConsumerBroken("the client gave up")])
async def test_the_process_ends_with_the_reason_when_reading_would_lose_records(error: Exception) -> None:
    polling, shutdown, _ = assignment(StubStartOffsets(error))
    consumer = StubConsumer()
    assert await polling.poll(consumer, consumer.fetch) == {}
    assert shutdown.reason == str(error)
    assert shutdown.stop.is_set()


async def test_a_rebalance_waits_for_the_running_batch_and_then_commits() -> None:
    polling, _, _ = assignment(StubStartOffsets())
    flushed: list[bool] = []

    async def flush() -> None:
        flushed.append(True)

    polling.flush = flush
    consumer = StubConsumer(RECORDS)
    await polling.poll(consumer, consumer.fetch)
    revoked = asyncio.create_task(polling.on_partitions_revoked({P0}))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not revoked.done()
    polling.done()
    await asyncio.wait_for(revoked, 5)
    assert flushed == [True]


async def test_a_rebalance_does_not_wait_when_the_process_ends() -> None:
    polling, shutdown, _ = assignment(StubStartOffsets())
    flushed: list[bool] = []

    async def flush() -> None:
        flushed.append(True)

    polling.flush = flush
    consumer = StubConsumer(RECORDS)
    await polling.poll(consumer, consumer.fetch)
    shutdown.stop.set()
    await asyncio.wait_for(polling.on_partitions_revoked({P0}), 5)
    assert flushed == [True], "what is decided is committed all the same"


async def test_nothing_is_positioned_or_returned_during_a_rebalance() -> None:
    polling, _, _ = assignment(StubStartOffsets())

    async def dealt() -> Records:
        await polling.on_partitions_assigned({P0})
        return RECORDS

    consumer = StubConsumer(RECORDS, dealt, RECORDS)
    await polling.on_partitions_revoked({P0})
    given = await polling.poll(consumer, consumer.fetch)
    assert given == RECORDS
    assert consumer.sought == [(P0, 42)]
    assert not consumer.polls
