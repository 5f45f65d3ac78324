"""The table of the five troubles: each row, with stubs for store and consumer."""

from collections.abc import Sequence
from functools import partial

import pytest
from aiokafka import TopicPartition
from structlog.testing import capture_logs

from consumers.reading.batch import BATCHES, REDOS, Batches
from consumers.reading.dead_letter_limit import DeadLetterLimit
from service.contract.catalogue import wire_type
from service.contract.envelope import Limits, Parsed, Undecodable, parse
from service.store.errors import StoreDefect, StoreRace, StoreUnavailable
from tests.support.memory_store import MemoryStore
from tests.support.record import TOPICS, Log
from tests.unit.consumers.stub import TOPIC, Bench, StubRecord, StubStore, first_times


def records(count: int) -> list[StubRecord]:
    return [StubRecord(offset) for offset in range(count)]


async def test_every_partition_is_settled_behind_its_last_record_when_all_goes_well() -> None:
    bench = Bench(StubStore())
    await bench.batches.handle([StubRecord(7), StubRecord(8), StubRecord(3, partition=1)])
    assert bench.store.calls == [[7, 8, 3]], "one apply for the whole batch"
    assert bench.settling.settled == [{(TOPIC, 0): 9, (TOPIC, 1): 4}]
    assert bench.settling.rewound == []
    assert bench.health.readiness() == {BATCHES: None}


async def test_a_record_that_is_no_command_goes_the_same_way_as_its_neighbours() -> None:
    bench = Bench(StubStore())
    await bench.batches.handle([StubRecord(0), StubRecord(1, value=b"bad"), StubRecord(2)])
    assert bench.store.calls == [[0, 1, 2]], "the dead letter belongs to the batch's own transaction"
    assert (bench.decided, bench.dead) == ([0, 2], {1: "not-json"})
    assert bench.settling.settled == [{(TOPIC, 0): 3}]


async def test_what_the_business_refuses_is_decided_and_settled_like_all_else() -> None:
    bench, store, log = Bench(StubStore()), MemoryStore(), Log()
    for number in range(4):
        log.send(f"c{number}", "group.update", "nobody", {"type": "region", "value": "N", "distributor_id": "o"})
    batches = Batches(
        partial(parse, topics=TOPICS, limits=Limits()),
        store.apply,
        bench.settling,
        limit=DeadLetterLimit(window=4, minimum=1),
        health=bench.health,
        shutdown=bench.shutdown,
    )
    await batches.handle(log.records)
    assert [message.type for message in store.messages] == [wire_type("command.rejected")] * 4, "each has its outcome"
    assert bench.settling.settled == [{(log.topic, 0): 4}]
    assert (bench.settling.rewound, bench.shutdown.reason, bench.health.readiness()) == ([], None, {BATCHES: None})


async def test_a_lost_race_is_done_again_whole_when_it_was_lost_three_times() -> None:
    bench = Bench(StubStore(first_times(StoreRace("version") for _ in range(REDOS))))
    await bench.batches.handle(records(2))
    assert bench.store.calls == [[0, 1]] * 4
    assert bench.settling.settled == [{(TOPIC, 0): 2}]
    assert bench.settling.rewound == []


async def test_the_batch_is_rewound_when_the_race_was_lost_too_often() -> None:
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
async def test_every_partition_is_rewound_and_nothing_skipped_when_something_is_down(error: Exception) -> None:
    bench = Bench(StubStore(lambda _: error))
    await bench.batches.handle([StubRecord(5), StubRecord(6), StubRecord(2, partition=1), StubRecord(3, partition=1)])
    assert bench.store.calls == [[5, 6, 2, 3]], "the next poll brings them again"
    assert (bench.settling.settled, bench.settling.rewound) == ([], [{(TOPIC, 0): 5, (TOPIC, 1): 2}])
    assert type(error).__name__ in str(bench.health.readiness()[BATCHES])
    assert bench.store.kept == []


async def test_readiness_comes_back_by_itself_when_the_database_does() -> None:
    bench = Bench(StubStore(first_times(iter([StoreUnavailable("away")]))))
    await bench.batches.handle(records(2))
    assert bench.health.readiness()[BATCHES] is not None
    await bench.batches.handle(records(2))
    assert bench.health.readiness() == {BATCHES: None}
    assert bench.decided == [0, 1]


@pytest.mark.parametrize("start_offsets", [{}, {(TOPIC, 0): 2}], ids=["its partition is another's", "it was decided"])
async def test_readiness_comes_back_without_another_batch_when_the_failed_one_is_not_ours_to_decide(
    start_offsets: dict[tuple[str, int], int],
) -> None:
    bench = Bench(StubStore(lambda _: StoreUnavailable("the connection was cut at the commit")))
    await bench.batches.handle(records(2))
    bench.batches.positioned({TopicPartition(*tp): offset for tp, offset in start_offsets.items()})
    assert bench.health.readiness() == {BATCHES: None}


async def test_it_is_not_ready_as_long_as_one_partition_of_the_failed_batch_waits() -> None:
    calls = iter([StoreUnavailable("no privilege"), None])
    bench = Bench(StubStore(lambda _: next(calls)))
    both = [*records(2), StubRecord(7, partition=1)]
    await bench.batches.handle(both)
    bench.batches.positioned({TopicPartition(TOPIC, 0): 0, TopicPartition(TOPIC, 1): 7})
    await bench.batches.handle(both[2:])
    assert "no privilege" in str(bench.health.readiness()[BATCHES])
    bench.batches.positioned({TopicPartition(TOPIC, 0): 1, TopicPartition(TOPIC, 1): 8})
    assert "no privilege" in str(bench.health.readiness()[BATCHES]), "one of its two records is not decided"
    bench.batches.positioned({TopicPartition(TOPIC, 0): 2, TopicPartition(TOPIC, 1): 8})
    assert bench.health.readiness() == {BATCHES: None}


async def test_lost_races_of_a_batch_are_logged_once() -> None:
    bench = Bench(StubStore(lambda _: StoreRace("version")))
    with capture_logs() as logs:
        await bench.batches.handle(records(2))
    assert [line["event"] for line in logs].count("transaction_conflict") == 1


@pytest.mark.parametrize("error", [StoreDefect("check constraint"), KeyError("a bug")])
@pytest.mark.parametrize("poison", [0, 3, 6])
async def test_only_the_poisoned_record_is_put_aside_when_a_batch_has_a_defect(error: Exception, poison: int) -> None:
    def trouble(batch: Sequence[Parsed]) -> Exception | None:
        sick = [p for p in batch if p.record.offset == poison and not isinstance(p, Undecodable)]
        return error if sick else None

    bench = Bench(StubStore(trouble))
    await bench.batches.handle(records(7))
    assert bench.decided == [offset for offset in range(7) if offset != poison], "neighbours, in their order"
    assert bench.dead == {poison: "failed"}
    [letter] = [p for p in bench.store.kept if isinstance(p, Undecodable)]
    assert type(error).__name__ in letter.message
    assert "Traceback" in letter.message
    assert bench.settling.settled[-1] == {(TOPIC, 0): 7}


async def test_what_comes_after_is_rewound_when_the_database_goes_away_amid_the_halving() -> None:
    calls = iter([StoreDefect("poison"), None, StoreUnavailable("away")])
    bench = Bench(StubStore(lambda _: next(calls)))
    await bench.batches.handle(records(4))
    assert bench.decided == [0, 1]
    assert (bench.settling.settled, bench.settling.rewound) == ([{(TOPIC, 0): 2}], [{(TOPIC, 0): 2}])


async def test_the_consumer_stops_at_the_record_that_passes_the_limit() -> None:
    bench = Bench(StubStore(), window=10, minimum=4)
    await bench.batches.handle([StubRecord(offset, value=b"bad") for offset in range(20)])
    assert sorted(bench.dead) == [0, 1, 2, 3]
    assert bench.settling.rewound == [{(TOPIC, 0): 4}]
    assert "more than half" in str(bench.shutdown.reason)
    assert bench.shutdown.stop.is_set()


async def test_the_consumer_stops_when_defects_pass_the_limit() -> None:
    bench = Bench(
        StubStore(lambda batch: None if all(isinstance(p, Undecodable) for p in batch) else KeyError("bug")),
        window=10,
        minimum=4,
    )
    await bench.batches.handle(records(20))
    assert len(bench.dead) == 4
    assert bench.settling.rewound == [{(TOPIC, 0): 4}]
    assert bench.shutdown.reason is not None


async def test_the_consumer_stops_when_not_even_a_dead_letter_can_be_written() -> None:
    bench = Bench(StubStore(lambda _: StoreDefect("everything")))
    await bench.batches.handle(records(2))
    assert bench.store.kept == []
    assert bench.settling.rewound == [{(TOPIC, 0): 0}]
    assert "dead letter cannot be written" in str(bench.shutdown.reason)
