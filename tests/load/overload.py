"""Overload: twice the commands that the service decides, and how it recovers, on Apache Kafka."""

import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psutil

from service.stack.child import Child
from service.stack.port import choose
from tests.load.figure import short
from tests.load.http_writes import CODES, OURS, REGISTRY, admin_port_of, running
from tests.load.log_ends import log_ends
from tests.load.observation import Observer, Phase, Sample
from tests.load.report import Section
from tests.load.sending import encoded, result, sending
from tests.load.servers import Registry, Servers, fill
from tests.load.window import STALLED_SECONDS, WARM_SHARE, Stalled
from tests.load.workload import Workload
from tests.support.http_client import asker

COLUMNS = (
    "phase", "seconds", "sent/s", "decided/s", "lag first", "last", "MiB first", "last", "highest", "ready",
    "p99 ms", "read p50 ms", "p99 ms", "statuses",
)  # fmt: skip
TIMES = 2.0
NORMAL_EVERY = 0.25
"""Seconds between samples of the normal load, which is short."""


@dataclass(frozen=True, slots=True)
class Extent:
    """The commands that show the normal rate, the seconds of the overload, and at most those of the recovery."""

    normal: int
    overload: float
    recovery: float


async def overload(servers: Servers, extent: Extent) -> Section:
    """Measure the normal rate, send at twice that rate, and measure the rate of the recovery."""
    section = Section("Overload: twice the normal rate, one process of all roles, Apache Kafka", COLUMNS)
    if "apache" not in servers.brokers:
        section.remarks = ["not measured: Apache Kafka needs java and mvn"]
        return section
    async with servers.registry(CODES, "apache") as registry:
        await fill(registry, Workload(CODES, 1).take(extent.normal))
        await servers.checkpoint()
        async with _observed(servers, registry) as (observer, child):
            normal = Phase(await observer.watch(_until_decided(child), NORMAL_EVERY))
            rate = normal.rate(int(extent.normal * WARM_SHARE))
            if not rate:
                raise Stalled("too few commands for a normal rate")
            sys.stderr.write(f"normal rate: {rate:,.0f} commands/s\n")
            async with (
                encoded(servers, registry, TIMES * rate, extent.overload, seed=1) as commands,
                sending(servers, registry, commands) as generator,
            ):
                over = Phase(await observer.watch(lambda _: generator.alive() and _alive(child)))
                generated = await result(generator)
            sys.stderr.write(f"recovery of {over.samples[-1].lag:,} commands\n")
            end = time.monotonic() + extent.recovery
            goes_on = _until_decided(child)
            recovery = Phase(await observer.watch(lambda sample: goes_on(sample) and sample.at < end))
    return _report(section, {"normal": normal, "overload": over, "recovery": recovery}, rate, generated)


def _report(section: Section, phases: dict[str, Phase], rate: float, generated: dict[str, float]) -> Section:
    for name, phase in phases.items():
        section.figures[name] = reported = phase.figures()
        section.rows.append(_row(name, reported))
    recovery, left = phases["recovery"].rate(), phases["recovery"].samples[-1].lag
    reached = generated["commands"] / generated["seconds"] / rate
    section.figures |= {
        "normal_rate": rate,
        "sent_over_normal": reached,
        "recovery_rate": recovery,
        "recovery_over_normal": recovery / rate,
    }
    section.remarks = [
        "goals: memory, readiness and reads stay as they are; the recovery rate is at least the normal rate",
        f"normal rate {short(rate)}, sent {short(reached)} times that",
        f"recovery rate {short(recovery)}, {short(recovery / rate)} of the normal one"
        + (f"; its measurement ended while {left:,} commands waited" if left else ""),
        "the generator sends encoded commands, but uses the same cores; a sample per second, memory is resident",
    ]
    return section


def _row(name: str, reported: dict[str, Any]) -> list[str]:
    lag, memory, read = (reported[part] for part in ("lag", "mebibytes", "read_milliseconds"))
    return [
        name,
        *map(short, (reported["seconds"], reported["sent"], reported["decided"])),
        *(f"{commands:,}" for commands in lag.values()),
        *map(short, memory.values()),
        f"{reported['ready']:.1%}",
        *map(short, (reported["ready_milliseconds"]["p99"], *read.values())),
        ", ".join(f"{status}: {count}" for status, count in reported["read_statuses"].items()),
    ]


@asynccontextmanager
async def _observed(servers: Servers, registry: Registry) -> AsyncIterator[tuple[Observer, Child]]:
    """Start a process of all roles, and yield its observer and itself when it is ready."""
    port = choose(0, server=OURS, setting="nothing")
    topics = (registry.topics.commands, registry.topics.outcomes)
    async with AsyncExitStack() as stack:
        [child] = await stack.enter_async_context(running(servers, registry, OURS, REGISTRY[OURS], port))
        ends = await stack.enter_async_context(log_ends(registry, topics))
        admin, api = (stack.enter_async_context(asker(one)) for one in (admin_port_of(child), port))
        tokens = servers.tokens.read_text().split()
        yield Observer(psutil.Process(child.pid), ends, await admin, await api, tokens), child


def _until_decided(child: Child) -> Callable[[Sample], bool]:
    """Return whether a sample shows a backlog. Raises Stalled if the service ended or decided nothing for long."""
    most, moved = -1, 0.0

    def goes_on(sample: Sample) -> bool:
        nonlocal most, moved
        if sample.decided > most:
            most, moved = sample.decided, sample.at
        if sample.at - moved > STALLED_SECONDS:
            raise Stalled(f"{sample.decided} of {sample.sent} commands were decided, then no more")
        return sample.lag > 0 and _alive(child)

    return goes_on


def _alive(child: Child) -> bool:
    if not child.alive():
        raise Stalled(child.last_lines())
    return True
