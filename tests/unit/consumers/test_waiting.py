"""The loop of waiting commands with a stub store: what it looks at, when, and what it does about failures."""

import asyncio
from collections.abc import Callable, Sequence

import pytest
from structlog.testing import capture_logs

from consumers.reading.batch_metrics import BatchMetrics
from consumers.reading.waiting import ALL_SECONDS, COUNT_SECONDS, WaitingCommands
from consumers.shutdown import Shutdown
from service.core.waiting import Reference
from service.store.command_store import Applied
from service.store.errors import StoreDefect, StoreRace, StoreUnavailable
from service.store.waiting_command import WaitPolicy
from service.store.waiting_store import WaitingOverview
from service.telemetry import WAITING_COMMANDS, WAITING_OLDEST_SECONDS
from tests.support.wait import eventually

GROUP, USER, CODE = Reference("group", "g"), Reference("user", "u"), Reference("producer-code", "c")
MOST = 8


class Clock:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class StubStore:
    """Waiting commands by subject in order, each as the reference that it waits for; `present` references exist."""

    def __init__(self) -> None:
        self.queues: dict[Reference, list[Reference]] = {}
        self.present: set[Reference] = set()
        self.creates: dict[Reference, Reference] = {}
        self.defects: set[Reference] = set()
        self.errors: list[Exception] = []
        self.asked: list[tuple[frozenset[Reference], frozenset[Reference], bool]] = []
        self.decided: list[Reference] = []
        self.dead: list[Reference] = []
        self.shortened: list[float] = []
        self.closed = False
        self.fails_always = False

    async def due(
        self, references: frozenset[Reference], subjects: frozenset[Reference], *, all_: bool
    ) -> list[Reference]:
        self.asked.append((references, subjects, all_))
        if self.errors:
            raise self.errors.pop(0)
        found = {s for s, queue in self.queues.items() if queue and (all_ or s in subjects or queue[0] in references)}
        return sorted(s for s in found if self.queues[s][0] in self.present)

    async def decide(self, subjects: Sequence[Reference], most: int, defect: str | None = None) -> Applied:
        taken = [subject for subject in subjects for _ in self.queues[subject]][:most]
        if self.fails_always or (defect is None and any(subject in self.defects for subject in taken)):
            raise StoreDefect("refused")
        for place, subject in enumerate(taken):
            self.queues[subject].pop(0)
            (self.dead if defect is not None and place == 0 else self.decided).append(subject)
        created = frozenset(self.creates[s] for s in taken if s in self.creates)
        self.present |= created
        dead = 1 if defect is not None else 0
        return Applied([], len(taken) - dead, 0, dead, 0, created=created)

    async def shorten(self, seconds: float) -> None:
        self.shortened.append(seconds)

    async def overview(self) -> WaitingOverview:
        count = sum(map(len, self.queues.values()))
        return WaitingOverview(count, 7.0 * count, 60.0 if count else None)

    async def close(self) -> None:
        self.closed = True


class Loop:
    """A running loop with its parts."""

    def __init__(self) -> None:
        self.store = StubStore()
        self.policy = WaitPolicy(60.0, 100, None)
        self.clock = Clock()
        self.shutdown = Shutdown(asyncio.Event())
        self.published = 0
        self.waiting = WaitingCommands(
            self.store,
            self.policy,
            most=MOST,
            metrics=BatchMetrics(),
            decided=self._decided,
            shutdown=self.shutdown,
            monotonic=self.clock,
        )

    def _decided(self) -> None:
        self.published += 1

    def wake(self, *created: Reference, subjects: frozenset[Reference] = frozenset(), waiting: int = 0) -> None:
        self.waiting.wake(Applied([], 1, 0, 0, 0, waiting=waiting, created=frozenset(created), subjects=subjects))

    async def until(self, condition: Callable[[], object], what: str) -> None:
        await eventually(lambda: bool(condition()), deadline=30, what=what)


@pytest.fixture
def loop() -> Loop:
    return Loop()


async def test_all_waiting_commands_are_looked_at_when_the_process_starts(loop: Loop) -> None:
    loop.store.queues[GROUP] = [CODE, CODE]
    loop.store.present = {CODE}
    async with loop.waiting.running():
        await loop.until(lambda: loop.policy.commands == 0, "the first count")
    assert loop.store.asked[0] == (frozenset(), frozenset(), True)
    assert (loop.store.decided, loop.published) == ([GROUP, GROUP], 1)
    assert loop.store.shortened == [60.0]
    assert loop.store.closed


async def test_a_batch_wakes_the_loop_with_what_it_created_and_with_what_began_to_wait(loop: Loop) -> None:
    async with loop.waiting.running():
        await loop.until(lambda: loop.policy.commands == 0, "the first count")
        loop.store.queues[USER] = [GROUP]
        loop.store.present = {GROUP}
        loop.wake(GROUP)
        await loop.until(lambda: loop.store.decided == [USER], "the decision of the command that waits for it")
        loop.store.queues[GROUP] = [CODE]
        loop.store.present = {CODE}
        loop.wake(subjects=frozenset({GROUP}), waiting=1)
        assert loop.policy.commands == 1
        await loop.until(lambda: loop.store.decided == [USER, GROUP], "the decision of the new command")
    assert (frozenset({GROUP}), frozenset(), False) in loop.store.asked
    assert (frozenset(), frozenset({GROUP}), False) in loop.store.asked


async def test_what_waiting_commands_create_is_looked_for_too(loop: Loop) -> None:
    async with loop.waiting.running():
        await loop.until(lambda: loop.policy.commands == 0, "the first count")
        loop.store.queues = {USER: [GROUP], GROUP: [CODE]}
        loop.store.creates = {GROUP: GROUP}
        loop.store.present = {CODE}
        loop.wake(CODE)
        await loop.until(lambda: loop.store.decided == [GROUP, USER], "both decisions")


async def test_a_batch_that_creates_nothing_does_not_wake_the_loop(loop: Loop) -> None:
    async with loop.waiting.running():
        await loop.until(lambda: loop.policy.commands == 0, "the first count")
        asked = len(loop.store.asked)
        loop.wake()
        await asyncio.sleep(0)
        assert len(loop.store.asked) == asked


async def test_numbers_are_counted_once_a_second_and_all_commands_are_looked_at_every_ten(loop: Loop) -> None:
    loop.store.queues[GROUP] = [CODE]
    async with loop.waiting.running():
        await loop.until(lambda: loop.policy.commands == 1, "the first count")
        assert (WAITING_COMMANDS._value.get(), WAITING_OLDEST_SECONDS._value.get()) == (1, 7.0)
        loop.store.queues[USER] = [CODE]
        loop.clock.now += COUNT_SECONDS
        loop.wake(USER)
        await loop.until(lambda: loop.policy.commands == 2, "the second count")
        assert [all_ for _, _, all_ in loop.store.asked] == [True, False]
        loop.clock.now += ALL_SECONDS
        loop.store.present = {CODE}
        loop.wake(USER)
        await loop.until(lambda: loop.policy.commands == 0, "the third count")
    assert loop.store.asked[2][2]


@pytest.mark.parametrize("error", [StoreUnavailable("away"), StoreRace("lost")])
async def test_all_waiting_commands_are_looked_at_after_an_error_of_the_database(loop: Loop, error: Exception) -> None:
    with capture_logs() as logs:
        async with loop.waiting.running():
            await loop.until(lambda: loop.policy.commands == 0, "the first count")
            loop.store.queues[GROUP] = [CODE]
            loop.store.present = {CODE}
            loop.store.errors = [error]
            loop.wake(CODE)
            await loop.until(lambda: loop.store.decided == [GROUP], "the decision after the error")
    assert [line["event"] for line in logs] == ["waiting_commands_postponed", "waiting_commands_continued"]
    assert loop.store.asked[-2][2]
    assert loop.shutdown.reason is None


async def test_only_the_command_with_a_defect_becomes_a_dead_letter(loop: Loop) -> None:
    subjects = [Reference("group", f"g{number}") for number in range(9)]
    loop.store.queues = {subject: [CODE] for subject in subjects}
    loop.store.present = {CODE}
    loop.store.defects = {subjects[5]}
    async with loop.waiting.running():
        await loop.until(lambda: loop.policy.commands == 0, "the decision of all")
    assert loop.store.dead == [subjects[5]]
    assert sorted(loop.store.decided) == [subject for subject in subjects if subject is not subjects[5]]
    assert loop.shutdown.reason is None


async def test_the_process_ends_when_the_dead_letter_cannot_be_written(loop: Loop) -> None:
    loop.store.queues[GROUP] = [CODE]
    loop.store.present = {CODE}
    loop.store.fails_always = True
    async with loop.waiting.running():
        await asyncio.wait_for(loop.shutdown.stop.wait(), 30)
    assert loop.shutdown.reason is not None
    assert "StoreDefect" in loop.shutdown.reason
