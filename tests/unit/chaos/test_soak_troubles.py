"""Failures within a soak are reported: of a fault, the reader, the watch, a sender, the spared process."""

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


async def _fail(*_: object) -> None:
    raise asyncpg.InterfaceError("the connection is closed")


def _course(*faults: Inject, reader: Inject = _on, watch: Inject = _on, sender: Any = _done) -> Course:
    """Return a soak of stubs that takes 0.1 seconds by default, with a fault every 0.01 seconds."""
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


async def test_a_soak_without_failures_has_no_error() -> None:
    course = _course(_done)
    await under_faults(course)
    assert course.tally.troubles == []


@pytest.mark.parametrize("error", [asyncpg.InterfaceError("closed"), KafkaError("away"), ValueError("wrong")])
async def test_a_fault_that_fails_is_an_error_and_the_next_one_follows(error: Exception) -> None:
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
async def test_a_helper_that_fails_is_an_error(who: str) -> None:
    course = _course(_done, **{who: _fail})
    await under_faults(course)
    assert course.tally.troubles == [f"{who} failed: InterfaceError: the connection is closed"]


async def test_a_sender_that_fails_is_an_error_and_the_rest_is_still_checked() -> None:
    course = _course(_done, sender=_fail)
    await under_faults(course)
    assert course.tally.troubles == ["sender 0 failed: InterfaceError: the connection is closed"]


async def test_a_watch_that_fails_before_its_first_sample_is_an_error() -> None:
    course = _course(_done, watch=_fail)
    course.watch.samples.clear()
    await under_faults(course)
    assert course.tally.troubles == ["watch failed: InterfaceError: the connection is closed"]


async def test_a_spared_process_that_never_restarted_is_no_error(tmp_path: Path) -> None:
    assert await _ended(tmp_path, kills=0, again=False) == []


async def test_a_killed_spared_process_is_an_error(tmp_path: Path) -> None:
    assert await _ended(tmp_path, kills=1, again=False) == [
        "spared, which no fault kills, died: 1 start, last exit code -9"
    ]


async def test_a_restarted_spared_process_is_an_error(tmp_path: Path) -> None:
    assert await _ended(tmp_path, kills=1, again=True) == [
        "spared, which no fault kills, died: 2 starts, last exit code None"
    ]


async def _ended(folder: Path, *, kills: int, again: bool) -> list[str]:
    """Return the errors of a soak whose spared process was killed, and started again, before the end."""
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
async def test_a_watch_continues_when_its_connection_is_lost(error: Exception) -> None:
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
    assert watch.longest() == ("none", [])
