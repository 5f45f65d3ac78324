"""Marks follow the position of the consumer over records that are never delivered."""

import asyncio
from collections.abc import Mapping, Sequence
from types import SimpleNamespace

from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import FetchError
from aiokafka.errors import KafkaError

from consumers.health import Health
from consumers.reading.assignment import READING, Assignment
from consumers.reading.consumer import CommandConsumer
from consumers.shutdown import Shutdown
from service.contract.envelope import Parsed
from service.store.command_store import Applied
from service.store.errors import StoreDefect, StoreUnavailable
from tests.unit.consumers.stub import TOPIC, Bench, StubRecord, StubStore
from tests.unit.consumers.test_assignment import P0, RECORDS, StubConsumer, StubStartOffsets

FIRST, SECOND, FAILED = (TopicPartition(TOPIC, number) for number in range(3))


def polling() -> tuple[Assignment, Shutdown, Health, list[Mapping[TopicPartition, int]]]:
    shutdown, health = Shutdown(asyncio.Event()), Health([READING])
    assignment = Assignment(StubStartOffsets(), health, shutdown)
    passed: list[Mapping[TopicPartition, int]] = []

    async def pass_over(positions: Mapping[TopicPartition, int]) -> None:
        passed.append(positions)

    assignment.pass_over = pass_over
    return assignment, shutdown, health, passed


async def test_the_position_behind_the_records_of_a_poll_is_kept_for_their_batch() -> None:
    assignment, _, _, passed = polling()
    consumer = StubConsumer(RECORDS)
    consumer.position = {P0: 45}
    await assignment.poll(consumer, consumer.fetch)
    assert assignment.positions == {P0: 45}
    assert passed == [{}], "the records of the poll are undecided"


async def test_an_empty_poll_passes_over_records_that_are_never_delivered() -> None:
    assignment, _, _, passed = polling()
    consumer = StubConsumer({}, RECORDS)
    await assignment.poll(consumer, consumer.fetch)
    assert passed == [{P0: 43}, {}]


async def test_nothing_is_passed_over_during_a_rebalance() -> None:
    assignment, shutdown, _, passed = polling()

    async def lost() -> dict[TopicPartition, list[object]]:
        assignment.lost()
        shutdown.stop.set()
        return {}

    consumer = StubConsumer(lost)
    await assignment.poll(consumer, consumer.fetch)
    assert passed == []


async def test_reading_starts_at_the_marks_again_when_they_cannot_be_moved() -> None:
    assignment, _, _, _ = polling()
    failures = [StoreUnavailable("away")]

    async def pass_over(_: Mapping[TopicPartition, int]) -> None:
        if failures:
            raise failures.pop()

    assignment.pass_over = pass_over
    consumer = StubConsumer({}, RECORDS)
    assert await assignment.poll(consumer, consumer.fetch) == RECORDS
    assert consumer.sought == [(P0, 42), (P0, 42)]


async def test_the_mark_moves_behind_control_records_with_the_batch_before_them() -> None:
    bench = Bench(StubStore())
    await bench.batches.handle([StubRecord(7), StubRecord(3, partition=1)], {FIRST: 10, SECOND: 4})
    assert bench.store.marks == {FIRST: 10, SECOND: 4}
    assert bench.settling.settled == [{(TOPIC, 0): 10, (TOPIC, 1): 4}]


async def test_a_position_that_is_unknown_or_behind_the_last_record_does_not_count() -> None:
    bench = Bench(StubStore())
    await bench.batches.handle([StubRecord(7), StubRecord(3, partition=1)], {FIRST: 7})
    assert bench.store.marks == {FIRST: 8, SECOND: 4}


async def test_a_part_of_a_batch_moves_the_mark_behind_its_own_last_record_only() -> None:
    moved: list[Mapping[TopicPartition, int]] = []

    class Halving(StubStore):
        async def apply(self, batch: Sequence[Parsed], after: Mapping[TopicPartition, int]) -> Applied:
            if len(batch) > 1:
                raise StoreDefect("one of them")
            moved.append(after)
            return await super().apply(batch, after)

    bench = Bench(Halving())
    await bench.batches.handle([StubRecord(7), StubRecord(8), StubRecord(9)], {FIRST: 12})
    assert moved == [{FIRST: 8}, {FIRST: 9}, {FIRST: 12}]


def test_the_positions_of_the_consumer_are_those_that_are_valid() -> None:
    valid = SimpleNamespace(has_valid_position=True, position=9)
    states = {FIRST: valid, SECOND: SimpleNamespace(has_valid_position=False), FAILED: valid}
    consumer = CommandConsumer.__new__(CommandConsumer)
    assigned = SimpleNamespace(tps=states.keys(), state_value=states.__getitem__)
    consumer._subscription = SimpleNamespace(subscription=SimpleNamespace(assignment=assigned))
    # The client has skipped a record that it could not read, and raises the error in the next poll only.
    consumer._fetcher = SimpleNamespace(_records={FAILED: FetchError(error=KafkaError("too large"), backoff=0)})
    assert consumer.positions() == {FIRST: 9}
    consumer._subscription.subscription.assignment = None
    assert consumer.positions() == {}, "before the first assignment"
