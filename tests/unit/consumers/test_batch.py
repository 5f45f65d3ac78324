"""Each row of the table of error handling, with stubs for store and settlement."""

from collections.abc import Sequence
from functools import partial

import pytest
from aiokafka import TopicPartition
from structlog.testing import capture_logs

from consumers.reading.batch import BATCHES, REDOS, Batches
from consumers.reading.batch_metrics import BatchMetrics
from consumers.reading.dead_letter_limit import DeadLetterLimit
from service.contract.catalogue import wire_type
from service.contract.dead_letter import MAX_MESSAGE, dead_letter, origin
from service.contract.envelope import Limits, Parsed, Record, Undecodable, parse
from service.store.errors import StoreDefect, StoreRace, StoreUnavailable
from tests.support.memory_store import MemoryStore
from tests.support.record import TOPICS, Log
from tests.unit.consumers import stub
from tests.unit.consumers.stub import TOPIC, Bench, StubRecord, StubStore, first_times


def records(count: int) -> list[StubRecord]:
    return [StubRecord(offset) for offset in range(count)]


async def test_every_partition_is_settled_after_its_last_record() -> None:
    bench = Bench(StubStore())
    await bench.batches.handle([StubRecord(7), StubRecord(8), StubRecord(3, partition=1)])
    assert bench.store.calls == [[7, 8, 3]], "one apply for the whole batch"
    assert bench.settling.settled == [{(TOPIC, 0): 9, (TOPIC, 1): 4}]
    assert bench.settling.rewound == []
    assert bench.health.readiness() == {BATCHES: None}


async def test_a_record_that_is_not_a_command_is_applied_with_its_batch() -> None:
    bench = Bench(StubStore())
    await bench.batches.handle([StubRecord(0), StubRecord(1, value=b"bad"), StubRecord(2)])
    assert bench.store.calls == [[0, 1, 2]], "the dead letter is part of the batch's own transaction"
    assert (bench.decided, bench.dead) == ([0, 2], {1: "not-json"})
    assert bench.settling.settled == [{(TOPIC, 0): 3}]


async def test_rejected_commands_are_settled_like_all_others() -> None:
    bench, store, log = Bench(StubStore()), MemoryStore(), Log()
    for number in range(4):
        log.send(f"c{number}", "group.update", "nobody", {"type": "region", "value": "N", "distributor_id": "o"})
    batches = Batches(
        partial(parse, topics=TOPICS, limits=Limits()),
        store.apply,
        bench.settling,
        limit=DeadLetterLimit(window=4, minimum=1),
        metrics=BatchMetrics(),
        health=bench.health,
        shutdown=bench.shutdown,
    )
    await batches.handle(log.records)
    assert [message.type for message in store.messages] == [wire_type("command.rejected")] * 4, "each has its outcome"
    assert bench.settling.settled == [{(log.topic, 0): 4}]
    assert (bench.settling.rewound, bench.shutdown.reason, bench.health.readiness()) == ([], None, {BATCHES: None})


async def test_a_conflicting_batch_is_retried_as_a_whole_up_to_three_times() -> None:
    bench = Bench(StubStore(first_times(StoreRace("version") for _ in range(REDOS))))
    await bench.batches.handle(records(2))
    assert bench.store.calls == [[0, 1]] * 4
    assert bench.settling.settled == [{(TOPIC, 0): 2}]
    assert bench.settling.rewound == []


async def test_the_batch_is_rewound_after_too_many_conflicts() -> None:
    bench = Bench(StubStore(lambda _: StoreRace("version")))
    await bench.batches.handle(records(2))
    assert bench.store.calls == [[0, 1]] * 4
    assert (bench.settling.settled, bench.settling.rewound) == ([], [{(TOPIC, 0): 0}])
    assert bench.shutdown.reason is None


@pytest.mark.parametrize(
    "error",
    [
        StoreUnavailable("away"),
        OSError("too many open files"),
        TimeoutError(),
        MemoryError(),
        RuntimeError("can't start new thread"),
    ],
)
async def test_every_partition_is_rewound_and_nothing_skipped_when_a_dependency_is_unavailable(
    error: Exception,
) -> None:
    bench = Bench(StubStore(lambda _: error))
    await bench.batches.handle([StubRecord(5), StubRecord(6), StubRecord(2, partition=1), StubRecord(3, partition=1)])
    assert bench.store.calls == [[5, 6, 2, 3]], "the next poll returns them again"
    assert (bench.settling.settled, bench.settling.rewound) == ([], [{(TOPIC, 0): 5, (TOPIC, 1): 2}])
    assert type(error).__name__ in str(bench.health.readiness()[BATCHES])
    assert bench.store.stored == []


async def test_records_wait_when_memory_is_exhausted_while_they_are_parsed() -> None:
    bench = Bench(StubStore())
    failures = iter([MemoryError("no memory")])

    def parse_once(records: Sequence[Record]) -> list[Parsed]:
        for failure in failures:
            raise failure
        return stub.parse(records)

    bench.batches._parse = parse_once
    await bench.batches.handle(records(3))
    assert (bench.store.calls, bench.settling.rewound) == ([], [{(TOPIC, 0): 0}])
    assert "MemoryError" in str(bench.health.readiness()[BATCHES])
    await bench.batches.handle(records(3))
    assert (bench.decided, bench.dead, bench.shutdown.reason) == ([0, 1, 2], {}, None)
    assert bench.health.readiness() == {BATCHES: None}


async def test_readiness_recovers_with_the_database() -> None:
    bench = Bench(StubStore(first_times(iter([StoreUnavailable("away")]))))
    await bench.batches.handle(records(2))
    assert bench.health.readiness()[BATCHES] is not None
    await bench.batches.handle(records(2))
    assert bench.health.readiness() == {BATCHES: None}
    assert bench.decided == [0, 1]


@pytest.mark.parametrize("start_offsets", [{}, {(TOPIC, 0): 2}], ids=["its partition was revoked", "it was decided"])
async def test_readiness_recovers_without_another_batch_when_the_failed_one_was_revoked_or_decided(
    start_offsets: dict[tuple[str, int], int],
) -> None:
    bench = Bench(StubStore(lambda _: StoreUnavailable("the connection was cut at the commit")))
    await bench.batches.handle(records(2))
    bench.batches.positioned({TopicPartition(*tp): offset for tp, offset in start_offsets.items()})
    assert bench.health.readiness() == {BATCHES: None}


async def test_the_part_is_ready_when_the_partitions_of_the_failed_batch_are_lost() -> None:
    bench = Bench(StubStore(lambda _: StoreUnavailable("no privilege")))
    await bench.batches.handle([*records(2), StubRecord(7, partition=1)])
    bench.batches.assigned({TopicPartition(TOPIC, 0), TopicPartition(TOPIC, 2)})
    assert "no privilege" in str(bench.health.readiness()[BATCHES]), "one of them is still assigned"
    bench.batches.assigned({TopicPartition(TOPIC, 2)})
    assert bench.health.readiness() == {BATCHES: None}


async def test_the_part_is_not_ready_while_one_partition_of_the_failed_batch_waits() -> None:
    calls = iter([StoreUnavailable("no privilege"), None])
    bench = Bench(StubStore(lambda _: next(calls)))
    both = [*records(2), StubRecord(7, partition=1)]
    await bench.batches.handle(both)
    bench.batches.positioned({TopicPartition(TOPIC, 0): 0, TopicPartition(TOPIC, 1): 7})
    await bench.batches.handle(both[2:])
    assert "no privilege" in str(bench.health.readiness()[BATCHES])
    bench.batches.positioned({TopicPartition(TOPIC, 0): 1, TopicPartition(TOPIC, 1): 8})
    assert "no privilege" in str(bench.health.readiness()[BATCHES]), "one of the two records is not decided"
    bench.batches.positioned({TopicPartition(TOPIC, 0): 2, TopicPartition(TOPIC, 1): 8})
    assert bench.health.readiness() == {BATCHES: None}


async def test_conflicts_of_a_batch_are_logged_once() -> None:
    bench = Bench(StubStore(lambda _: StoreRace("version")))
    with capture_logs() as logs:
        await bench.batches.handle(records(2))
    assert [line["event"] for line in logs].count("transaction_conflict") == 1


@pytest.mark.parametrize("error", [StoreDefect("check constraint"), KeyError("a bug")])
@pytest.mark.parametrize("poison", [0, 3, 6])
async def test_only_the_record_at_fault_is_dead_lettered_when_a_batch_has_a_defect(
    error: Exception, poison: int
) -> None:
    def trouble(batch: Sequence[Parsed]) -> Exception | None:
        sick = [p for p in batch if p.record.offset == poison and not isinstance(p, Undecodable)]
        return error if sick else None

    bench = Bench(StubStore(trouble))
    await bench.batches.handle(records(7))
    assert bench.decided == [offset for offset in range(7) if offset != poison], "the other records, in order"
    assert bench.dead == {poison: "failed"}
    [letter] = [p for p in bench.store.stored if isinstance(p, Undecodable)]
    assert type(error).__name__ in letter.message
    assert "Traceback" in letter.message
    assert bench.settling.settled[-1] == {(TOPIC, 0): 7}


async def test_the_message_of_a_dead_letter_has_the_error_at_the_end_of_a_long_traceback() -> None:
    # Two functions in turns: a traceback summarizes lines that are equal.
    def ping(depth: int) -> None:
        if depth == 0:
            raise StoreDefect("the last line")
        pong(depth - 1)

    def pong(depth: int) -> None:
        ping(depth)

    def trouble(batch: Sequence[Parsed]) -> None:
        if not isinstance(batch[0], Undecodable):
            ping(100)

    bench = Bench(StubStore(trouble))
    await bench.batches.handle(records(1))
    [letter] = [p for p in bench.store.stored if isinstance(p, Undecodable)]
    found = origin(dead_letter(letter, 0, "", TOPICS).headers)
    assert found is not None
    assert found.message.startswith("Traceback (most recent call last):\n")
    assert found.message.endswith("StoreDefect: the last line\n")
    assert len(found.message) == MAX_MESSAGE


async def test_the_remaining_records_are_rewound_when_the_database_fails_during_the_halving() -> None:
    calls = iter([StoreDefect("poison"), None, StoreUnavailable("away")])
    bench = Bench(StubStore(lambda _: next(calls)))
    await bench.batches.handle(records(4))
    assert bench.decided == [0, 1]
    assert (bench.settling.settled, bench.settling.rewound) == ([{(TOPIC, 0): 2}], [{(TOPIC, 0): 2}])


async def test_the_consumer_stops_at_the_record_that_exceeds_the_limit() -> None:
    bench = Bench(StubStore(), window=10, minimum=4)
    await bench.batches.handle([StubRecord(offset, value=b"bad") for offset in range(20)])
    assert sorted(bench.dead) == [0, 1, 2, 3]
    assert bench.settling.rewound == [{(TOPIC, 0): 4}]
    assert "more than half" in str(bench.shutdown.reason)
    assert bench.shutdown.stop.is_set()


async def test_the_consumer_stops_when_defects_exceed_the_limit() -> None:
    bench = Bench(
        StubStore(lambda batch: None if all(isinstance(p, Undecodable) for p in batch) else KeyError("bug")),
        window=10,
        minimum=4,
    )
    await bench.batches.handle(records(20))
    assert len(bench.dead) == 4
    assert bench.settling.rewound == [{(TOPIC, 0): 4}]
    assert bench.shutdown.reason is not None


async def test_the_consumer_stops_when_a_dead_letter_cannot_be_written() -> None:
    bench = Bench(StubStore(lambda _: StoreDefect("everything")))
    await bench.batches.handle(records(2))
    assert bench.store.stored == []
    assert bench.settling.rewound == [{(TOPIC, 0): 0}]
    assert "dead letter cannot be written" in str(bench.shutdown.reason)
