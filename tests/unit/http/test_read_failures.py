"""Failed reads: which make the API not ready, which are logged, and when it is ready again."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from consumers.health import Health
from service.http.read_failures import MOST_READS, PART, ReadFailures
from service.store import pool
from service.store.errors import StatementTimeout, StoreError, StoreRace, StoreUnavailable
from service.store.pool import Read

ANY_POOL: Any = None


class Bench:
    """Failures of a process whose database answers all queries except `broken`, at a time of the test's own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self.broken: dict[str, StoreError] = {}
        self.sent: list[tuple[str, tuple[object, ...]]] = []
        self.health = Health([PART])
        self.failures = ReadFailures(self.health, lambda: self.now)
        self.health.mark_ready(PART)
        monkeypatch.setattr(pool, "fetch", self._fetch)

    def fail(self, query: str, error: StoreError, *values: object) -> None:
        """Let a read fail for a request, and again for the probe."""
        if isinstance(error, StoreUnavailable):
            error.read = Read(ANY_POOL, query, values)
        self.broken[query] = error
        self.failures.record(error)

    @property
    def problem(self) -> str | None:
        """The reason why the API is not ready."""
        return self.health.readiness()[PART]

    async def _fetch(self, _: object, query: str, *values: object) -> None:
        self.sent.append((query, values))
        if query in self.broken:
            raise self.broken[query]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    """No read has failed yet."""
    return Bench(monkeypatch)


async def test_only_the_same_read_makes_the_api_ready_again(bench: Bench) -> None:
    bench.fail("codes", StoreUnavailable("no privilege"), 1, "two")
    bench.fail("groups", StoreUnavailable("no table"))
    await bench.failures.repeat()
    assert bench.sent == [("codes", (1, "two"))], "one that fails is enough to know"
    assert bench.problem == "no privilege"
    del bench.broken["codes"]
    await bench.failures.repeat()
    assert bench.problem == "no table", "the other one still fails"
    del bench.broken["groups"]
    await bench.failures.repeat()
    assert bench.problem is None


@pytest.mark.parametrize("error", [StatementTimeout("too slow"), StoreRace("conflict with recovery")])
async def test_a_read_that_may_succeed_elsewhere_is_logged_only(bench: Bench, error: StoreError) -> None:
    with capture_logs() as logs:
        bench.fail("codes", error)
    assert [(line["event"], line["log_level"], line["error"]) for line in logs] == [
        ("read_failed", "warning", str(error))
    ]
    assert bench.problem is None


async def test_failed_reads_are_logged_once_a_minute(bench: Bench) -> None:
    with capture_logs() as logs:
        for seconds in (0.0, 59.9, 0.1):
            bench.now += seconds
            bench.fail("codes", StoreUnavailable("away"))
    assert [line["event"] for line in logs].count("read_failed") == 2


async def test_only_some_reads_are_remembered(bench: Bench) -> None:
    for number in range(MOST_READS + 5):
        bench.fail(f"read {number}", StoreUnavailable("away"))
    bench.broken.clear()
    await bench.failures.repeat()
    assert len(bench.sent) == MOST_READS
    assert bench.problem is None
