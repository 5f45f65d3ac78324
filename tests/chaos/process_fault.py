"""Faults of the service's processes: killed, stopped, frozen, blocked, added, starved, with a wrong clock."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import psutil

from tests.chaos.fault import FAULTS, Fault, fault
from tests.chaos.run import SESSION_MS, Run
from tests.support.process import Service
from tests.support.wait import eventually

POINTS = (
    "after_claim",
    "before_commit",
    "after_commit",
    "mid_publish",
    "after_publish",
    "before_offset_commit",
    "after_offset_commit",
)
SESSION_SECONDS = SESSION_MS / 1000
MORE_TIMES, MORE_SECONDS, MORE_COMMANDS = 6, 5.0, 40
MORTAL_LIVES = 4
SKEWED = Path(__file__).parent / "skewed.py"


async def _at_fail_point(run: Run, condition: Callable[[], bool], what: str) -> None:
    """Wait until the armed process, the last one, is at its fail point. Send more commands if the history is over."""
    for _ in range(MORE_TIMES):
        with contextlib.suppress(AssertionError):
            await eventually(condition, deadline=MORE_SECONDS, what=what)
            return
        await run.send_more(MORE_COMMANDS)
    await eventually(condition, what=what)


async def _died(run: Run) -> None:
    victim = run.services[-1]
    await _at_fail_point(run, lambda: victim.started > 1, f"a crash of {victim.name} at its fail point")


for point in POINTS:
    for passes in (1, 3):
        name = f"kill at {point}" + ("" if passes == 1 else " again")
        numbers = (1, 25) if "publish" in point else (1,)
        FAULTS[name] = Fault(name, numbers, _died, armed=f"{point}=kill@{passes}")


for point in ("before_waiting_commit", "after_waiting_commit"):
    name = f"kill at {point}"
    FAULTS[name] = Fault(name, (1,), _died, armed=f"{point}=kill", waits=True)


@fault("kill at any time", 1, 25, seconds=3.0)
async def kill(run: Run) -> None:
    for share in (0.2, 0.5, 0.8):
        await run.progress(share)
        victim = run.random.choice(run.services)
        victim.send(signal.SIGKILL)


@fault("kill all at once", 1, 32, seconds=3.0)
async def kill_all(run: Run) -> None:
    await run.progress(0.4)
    for service in run.services:
        service.send(signal.SIGKILL)


@fault("SIGTERM under load", 2, seconds=4.0)
async def terminate(run: Run) -> None:
    for share in (0.2, 0.5):
        await run.progress(share)
        service = run.random.choice(run.services)
        await run.stop(service)
        run.start(service)


@fault("SIGTERM twice", 2, seconds=3.0)
async def terminate_twice(run: Run) -> None:
    await run.progress(0.3)
    service = run.services[0]
    run.supervised.discard(service)
    service.send(signal.SIGTERM)
    await asyncio.sleep(run.random.random() * 0.1)
    service.send(signal.SIGTERM)
    assert await service.gone(5), "a second SIGTERM does not end the process at once"
    run.start(service)


@fault("frozen beyond the session", 3, seconds=5.0)
async def freeze(run: Run) -> None:
    await run.progress(0.3)
    victim = run.random.choice(run.services)
    victim.send(signal.SIGSTOP)
    await asyncio.sleep(SESSION_SECONDS * 1.6)
    victim.send(signal.SIGCONT)


async def _stopped(run: Run, point: str, seconds: float) -> None:
    victim = run.services[-1]
    # If another fault has killed it before, it does not stop any more.
    await _at_fail_point(
        run, lambda: victim.reached(point) or victim.started > 1, f"{victim.name} stopped at its fail point"
    )
    await asyncio.sleep(seconds)
    victim.send(signal.SIGCONT)


for point in ("after_claim", "before_commit", "after_commit", "mid_publish", "before_offset_commit"):

    async def _zombie(run: Run, point: str = point) -> None:
        await _stopped(run, point, SESSION_SECONDS * 1.6)

    FAULTS[f"frozen at {point}"] = Fault(
        f"frozen at {point}", (3, 25), _zombie, armed=f"{point}=stop", seconds=SESSION_SECONDS * 1.6
    )


async def _late(run: Run) -> None:
    await _stopped(run, "before_commit", 1.0)


FAULTS["a lower block commits later"] = Fault(
    "a lower block commits later", (26,), _late, armed="before_commit=stop", processes=((), (), ())
)


@fault("rebalance storm", 4, seconds=9.0)
async def storm(run: Run) -> None:
    extra = [run.add() for _ in range(2)]
    for turn in range(4):
        service = extra[turn % 2]
        if service.alive:
            await _ended(run, service)
        run.start(service)
        await asyncio.sleep(1.0 + run.random.random())
    for service in extra:
        await _ended(run, service)
        await run.retire(service)


async def _ended(run: Run, service: Service) -> None:
    await (run.kill(service) if run.random.random() < 0.5 else run.stop(service))


@fault("event loop blocked beyond the session", 30, armed=f"after_commit=block:{SESSION_SECONDS * 1.5}", seconds=5.0)
async def blocked(run: Run) -> None:
    await asyncio.sleep(SESSION_SECONDS * 1.6)


@fault("pulses of SIGSTOP", 30, seconds=4.0)
async def pulses(run: Run) -> None:
    for _ in range(12):
        victim = run.random.choice(run.services)
        victim.send(signal.SIGSTOP)
        await asyncio.sleep(0.2)
        victim.send(signal.SIGCONT)


@fault("few descriptors and connections", 31)
async def starved(run: Run) -> None:
    service = run.add(database_pool_size=1)
    service.command = ["prlimit", "--nofile=40:40", *service.command]
    run.start(service)
    await run.progress(1.0)
    await run.retire(service)


@fault("little memory", 31, seconds=6.0)
async def hungry(run: Run) -> None:
    # The limit is the size of another process after its first work. Further allocations fail, which may end it.
    limit = psutil.Process(run.services[0].pid).memory_info().vms
    service = run.add()
    service.command = ["prlimit", f"--as={limit}:{limit}", *service.command]
    run.mortal.add(service)
    run.start(service)
    await run.progress(1.0)
    assert service.started <= MORTAL_LIVES, f"{service.name} crashes repeatedly"
    run.supervised.discard(service)
    await run.retire(service)


@fault("clock off by an hour", 19, seconds=3.0)
async def skewed(run: Run) -> None:
    right, wrong = list(run.services), [run.add(), run.add()]
    for hours, service in zip((1, -1), wrong, strict=True):
        service.command = [sys.executable, str(SKEWED), str(hours * 3600)]
        run.start(service)
    for service in right:
        await run.stop(service)
    await run.progress(1.0)
    for service in right:
        run.start(service)
    for service in wrong:
        await run.retire(service)


@fault("roles apart with two relays", 25, processes=(("--role", "consumers"), ("--role", "relay"), ("--role", "relay")))
async def relays(run: Run) -> None:
    await run.progress(0.3)
    run.services[1].send(signal.SIGKILL)
    await run.progress(0.7)
    run.services[2].send(signal.SIGSTOP)
    await asyncio.sleep(2.0)
    run.services[2].send(signal.SIGCONT)


@fault("a reading process dies", 33, processes=((), ("--role", "api")))
async def reader_dies(run: Run) -> None:
    await run.progress(0.5)
    run.services[1].send(signal.SIGKILL)


async def _begin_without_servers(run: Run) -> None:
    """Start the processes first, then one server after the other, in random order."""
    ways = [run.site.postgres_proxy.away(), run.site.kafka_proxy.away()]
    run.random.shuffle(ways)
    with ways[0]:
        with ways[1]:
            for service in run.services:
                run.start(service)
            await eventually(run.answering, what="an answer of the health check without servers")
            await asyncio.sleep(1.0)
        await asyncio.sleep(1.0)
        assert not await run.services[0].ready(), "ready without one of its servers"


@fault("started before its servers", 32, begin=_begin_without_servers, alone=True)
async def started_first(run: Run) -> None:
    await run.progress(1.0)
