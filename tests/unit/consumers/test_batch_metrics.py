"""The counters of decided commands: every series is there from the start, and no command adds a label value."""

import pytest

from consumers.reading.batch_metrics import OTHER, BatchMetrics
from service.contract.catalogue import COMMANDS, OUTCOMES, REJECTIONS
from service.store.command_store import Applied
from service.telemetry import REGISTRY, TROUBLE, start_at_zero
from tests.unit.consumers.stub import Bench, StubRecord, StubStore

NAMED = "/billing"


def series(name: str) -> dict[tuple[str, ...], float]:
    """Return the value of each series of a counter, by its label values."""
    [family] = [family for family in REGISTRY.collect() if family.name == f"producer_registry_{name}"]
    return {tuple(s.labels.values()): s.value for s in family.samples if s.name.endswith("_total")}


def added(name: str, before: dict[tuple[str, ...], float]) -> dict[tuple[str, ...], float]:
    """Return what was added to the series of a counter."""
    growth = {labels: value - before.get(labels, 0) for labels, value in series(name).items()}
    return {labels: more for labels, more in growth.items() if more}


def test_every_series_is_there_before_the_first_command() -> None:
    BatchMetrics([NAMED])
    types = {kind.name for kind in COMMANDS}
    assert {(type_, outcome) for type_ in types for outcome in OUTCOMES} <= series("command_outcomes").keys()
    sources = (NAMED, "/http/", OTHER)
    assert {(source, code) for source in sources for code in REJECTIONS} <= series("rejections").keys()
    assert {("not-json",), ("failed",), ("tombstone",)} <= series("dead_letters").keys()
    assert {("race",), ("unavailable",), ("defect",)} <= series("trouble").keys()


def test_sources_without_a_label_of_their_own_and_unknown_values_count_as_other() -> None:
    metrics = BatchMetrics([NAMED])
    outcomes, rejections = series("command_outcomes"), series("rejections")
    metrics.count(
        Applied(
            [], 9, 0, 0, 0,
            {("group.create", "accepted"): 2, ("made.up", "rejected"): 3},
            {(NAMED, "invalid"): 1, ("/http/alice", "invalid"): 2, ("/http/bob", "invalid"): 3, ("/x", "invalid"): 4,
             ("/y", "made-up"): 5},
        )
    )  # fmt: skip
    assert added("command_outcomes", outcomes) == {("group.create", "accepted"): 2, (OTHER, "rejected"): 3}
    assert added("rejections", rejections) == {
        (NAMED, "invalid"): 1, ("/http/", "invalid"): 5, (OTHER, "invalid"): 4, (OTHER, OTHER): 5,
    }  # fmt: skip


async def test_only_committed_batches_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(StubStore(lambda _: OSError(24, "too many open files")))
    counted: list[Applied] = []
    monkeypatch.setattr(BatchMetrics, "count", lambda _, applied: counted.append(applied))
    await bench.batches.handle([StubRecord(0)])
    assert counted == []


def test_a_series_that_starts_at_zero_keeps_its_value() -> None:
    TROUBLE.labels("race").inc(0)
    before = series("trouble")[("race",)]
    TROUBLE.labels("race").inc()
    start_at_zero(TROUBLE, ("race",))
    assert series("trouble")[("race",)] == before + 1
