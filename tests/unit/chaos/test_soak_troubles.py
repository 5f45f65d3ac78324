"""What fails in a soak itself is its trouble: a fault, the reader, the watch, a sender, the spared process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest
from aiokafka.errors import KafkaError

from tests.chaos.fault import Fault, Inject
from tests.chaos.run import Run
from tests.chaos.soak.soak import Course, Plan, end, under_faults
from tests.chaos.soak.watch import Sample, Watch
from tests.support.process import Service
from tests.support.wait import eventually

FIRST = Sample(0, 0, 0, 0, ())
SLEEPER = ["/bin/sh", "-c", "exec sleep 60"]


async def _on(*_: object) -> None:
    await asyncio.Event().wait()


async def _done(*_: object, **__: object) -> None:
    pass


async def _stumble(*_: object) -> None:
    raise asyncpg.InterfaceError("the connection is closed")


def _course(*faults: Inject, reader: Inject = _on, watch: Inject = _on, sender: Any = _done) -> Course:
    """A course of stubs, a tenth of a second long unless the plan is changed, with a fault every hundredth."""
    proxy = SimpleNamespace(disarm=lambda: None)
    run: Any = SimpleNamespace(
        site=SimpleNamespace(postgres_proxy=proxy, kafka_proxy=proxy),
        services=[],
        supervised=set(),
        living=[],
        crashes=[],
        begin_history=lambda _: None,
        driver=SimpleNamespace(acknowledged=0),
        reader=SimpleNamespace(run=lambda: reader(run)),
        scene=SimpleNamespace(quiet=_done),
        stop=lambda service: service.kill(),
    )
    watching: Any = SimpleNamespace(watch=lambda: watch(run), samples=[FIRST])
    sending: Any = SimpleNamespace(run=sender, stop=lambda: None)
    return Course(
        run,
        Plan(minutes=0.1 / 60, seed=1, every=0.01, rate=1, codes=1, broker_gib=1),
        lambda _: None,
        [sending],
        watching,
        [Fault(f"fault {number}", (), inject) for number, inject in enumerate(faults)],
    )


async def test_a_soak_without_failures_has_no_trouble() -> None:
    course = _course(_done)
    await under_faults(course)
    assert course.tally.troubles == []


@pytest.mark.parametrize("error", [asyncpg.InterfaceError("closed"), KafkaError("away"), ValueError("wrong")])
async def test_a_fault_that_fails_itself_is_a_trouble_and_the_next_one_comes(error: Exception) -> None:
    hits = 0

    async def fail_once(_: Run) -> None:
        nonlocal hits
        hits += 1
        if hits == 1:
            raise error

    course = _course(fail_once)
    course.plan = replace(course.plan, minutes=60)
    running = asyncio.create_task(under_faults(course))
    try:
        await eventually(lambda: hits > 1, what="the next fault")
    finally:
        running.cancel()
        await asyncio.wait((running,))

    assert course.tally.troubles == [f"fault 0: {type(error).__name__}: {error}"]


@pytest.mark.parametrize("who", ["reader", "watch"])
async def test_a_helper_that_dies_is_a_trouble(who: str) -> None:
    course = _course(_done, **{who: _stumble})
    await under_faults(course)
    assert course.tally.troubles == [f"{who} failed: InterfaceError: the connection is closed"]


async def test_a_sender_that_dies_is_a_trouble_and_the_rest_is_judged_still() -> None:
    course = _course(_done, sender=_stumble)
    await under_faults(course)
    assert course.tally.troubles == ["sender 0 failed: InterfaceError: the connection is closed"]


async def test_a_watch_that_dies_before_its_first_sample_is_a_trouble() -> None:
    course = _course(_done, watch=_stumble)
    course.watch.samples.clear()
    await under_faults(course)
    assert course.tally.troubles == ["watch failed: InterfaceError: the connection is closed"]


async def test_the_spared_process_in_its_first_life_is_well(tmp_path: Path) -> None:
    assert await _ended(tmp_path, kills=0, again=False) == []


async def test_a_spared_process_that_something_killed_is_a_trouble(tmp_path: Path) -> None:
    assert await _ended(tmp_path, kills=1, again=False) == [
        "spared, which no fault kills, died: 1 start, last exit code -9"
    ]


async def test_a_spared_process_that_was_started_again_is_a_trouble(tmp_path: Path) -> None:
    assert await _ended(tmp_path, kills=1, again=True) == [
        "spared, which no fault kills, died: 2 starts, last exit code None"
    ]


async def _ended(folder: Path, *, kills: int, again: bool) -> list[str]:
    """The troubles of a soak whose spared process was killed, and started again, before its end."""
    spared = Service("spared", folder, {})
    spared.command = SLEEPER
    course = _course(_done)
    try:
        spared.start()
        for _ in range(kills):
            await spared.kill()
        if again:
            spared.start()
        await end(course, spared)
    finally:
        await spared.kill()
    return course.tally.troubles


@pytest.mark.parametrize(
    "error",
    [asyncpg.InterfaceError("closed"), asyncpg.ConnectionDoesNotExistError("lost"), ConnectionResetError("reset")],
)
async def test_a_watch_goes_on_when_its_connection_is_lost(error: Exception) -> None:
    @asynccontextmanager
    async def session(_: str) -> AsyncIterator[object]:
        async def fetchrow(*_: object, **__: object) -> None:
            raise error

        yield SimpleNamespace(fetchrow=fetchrow)

    site = SimpleNamespace(session=session, kafka=SimpleNamespace(child=SimpleNamespace(pid=None)))
    run: Any = SimpleNamespace(site=site, database="soak")
    watch = Watch(run, [])

    await watch.sample()

    assert [sample.counted for sample in watch.samples] == [False]
    assert watch.longest() == ("nobody", [])
