"""Draining: a relay starts with a backlog in the outbox. Measures its rate over time, and its memory."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from signal import SIGTERM
from typing import Any

import asyncpg
import psutil

from service.stack.child import Child
from tests.load.backlog import lay_backlog
from tests.load.cpu import cpu_seconds, memory_bytes
from tests.load.figure import short
from tests.load.log_ends import LogEnds, log_ends
from tests.load.report import Section
from tests.load.servers import PROGRAM, Registry, Servers
from tests.load.window import STALLED_SECONDS, Stalled

COLUMNS = (
    "in frames of", "messages/s", "first tenth", "slowest", "last", "last of first", "idle MiB", "most", "more",
    "CPU µs each: process", "PostgreSQL", "broker",
)  # fmt: skip

COMMAND: tuple[str, ...] = (PROGRAM, "serve", "--role", "relay")
STOP_SECONDS = 30.0
SAMPLE_SECONDS = 0.1
FEW = 200
"""Messages after which a process counts as idle: its producer, plans and code are then loaded."""

SHAPES: dict[str, tuple[int, ...]] = {
    # The events and outcomes of 4,800 commands go to two topics, each with 16 shards.
    "about 300": (4_800,),
    "one or two": (1, 2),
}
"""Sizes of the batches that wrote the backlog, in commands, used in turn."""


@dataclass(slots=True)
class Course:
    """Published messages over time, as increasing samples (seconds, messages)."""

    samples: list[tuple[float, int]] = field(default_factory=list)

    def tenths(self) -> list[float]:
        """Return the messages per second in each tenth of the messages after the first sample."""
        (begun, before), (_, end) = self.samples[0], self.samples[-1]
        rates = []
        last = begun
        for tenth in range(1, 11):
            reached = self._when(before + (end - before) * tenth / 10)
            rates.append((end - before) / 10 / (reached - last))
            last = reached
        return rates

    @property
    def rate(self) -> float:
        """Return the messages per second of the whole drain."""
        (begun, before), (ended, end) = self.samples[0], self.samples[-1]
        return (end - before) / (ended - begun)

    def _when(self, messages: float) -> float:
        """Return the time at which this many messages were published, interpolated between two samples."""
        before = self.samples[0]
        for sample in self.samples[1:]:
            if sample[1] >= messages and sample[1] > before[1]:
                return before[0] + (sample[0] - before[0]) * (messages - before[1]) / (sample[1] - before[1])
            before = sample
        return before[0]


async def drain(servers: Servers, messages: int) -> Section:
    """Drain a backlog of this many messages for each size of frames, on Apache Kafka."""
    section = Section(f"Draining {messages:,} messages from the outbox, Apache Kafka", COLUMNS)
    if "apache" not in servers.brokers:
        section.remarks = ["not measured: Apache Kafka needs java and mvn"]
        return section
    for shape, batches in SHAPES.items():
        sys.stderr.write(f"draining frames of {shape}\n")
        section.figures[shape] = reported = await _one_shape(servers, messages, batches)
        tenths, mib, cpu = reported["tenths"], reported["mebibytes"], reported["cpu_microseconds"]
        row = [
            reported["rate"],
            tenths[0],
            min(tenths),
            tenths[-1],
            reported["last_of_first"],
            mib["idle"],
            mib["most"],
        ]
        section.rows.append([shape, *map(short, [*row, mib["most"] - mib["idle"], *cpu.values()])])
    section.remarks = [
        "goals: the last tenth at least 0.9 of the first one; memory at most 40 MiB above idle (an empty outbox, after "
        f"{FEW} messages)",
    ]
    return section


async def _one_shape(servers: Servers, messages: int, batches: tuple[int, ...]) -> dict[str, Any]:
    async with servers.registry(10_000, "apache") as registry, _published(registry) as ends:
        await lay_backlog(registry.settings.database_url, registry.topics, FEW, (FEW // 2,))
        async with _relay(servers, registry) as child:
            await _until(ends, child, FEW)
            await _emptied(registry, child)
            assert child.pid is not None
            idle = memory_bytes(child.pid)[0]
        frames = await lay_backlog(registry.settings.database_url, registry.topics, messages, batches)
        await servers.checkpoint()
        async with _relay(servers, registry) as child:
            assert child.pid is not None
            pids = {"process": child.pid, "PostgreSQL": servers.database_pid, "broker": servers.broker_pid("apache")}
            course = Course()
            await _until(ends, child, FEW + 1)
            before = {name: cpu_seconds(pid) for name, pid in pids.items()}
            resident = await _until(ends, child, FEW + messages, course)
            after = {name: cpu_seconds(pid) for name, pid in pids.items()}
            await _emptied(registry, child)
            most = max(resident, memory_bytes(child.pid)[2])
        twice = await ends.total() - FEW - messages
    tenths = course.tenths()
    done = course.samples[-1][1] - course.samples[0][1]
    return {
        "frames": frames,
        "rate": course.rate,
        "tenths": tenths,
        "last_of_first": tenths[-1] / tenths[0],
        "mebibytes": {"idle": idle / 2**20, "most": most / 2**20},
        "cpu_microseconds": {name: (after[name] - before[name]) / done * 1e6 for name in pids},
        "published_twice": twice,
    }


def _published(registry: Registry) -> AbstractAsyncContextManager[LogEnds]:
    return log_ends(registry, (registry.topics.code_events, registry.topics.outcomes))


@asynccontextmanager
async def _relay(servers: Servers, registry: Registry) -> AsyncIterator[Child]:
    child = servers.child("relay", COMMAND, registry.environment())
    try:
        yield child
    finally:
        await child.stop(SIGTERM, seconds=STOP_SECONDS)


async def _until(ends: LogEnds, child: Child, count: int, course: Course | None = None) -> int:
    """Wait until this many messages are published and record the course. Return the peak memory. Raises Stalled."""
    last, moved, resident = -1, time.monotonic(), 0
    assert child.pid is not None
    process = psutil.Process(child.pid)
    while last < count:
        total, at = await ends.total(), time.monotonic()
        if course is not None:
            course.samples.append((at, total))
        if not child.alive():
            raise Stalled(f"{total} of {count} messages were published: {child.last_lines()}")
        resident = max(resident, process.memory_info().rss)
        if total > last:
            last, moved = total, at
        elif at - moved > STALLED_SECONDS:
            raise Stalled(f"{total} of {count} messages were published, then no more")
        if total < count:
            await asyncio.sleep(SAMPLE_SECONDS)
    return resident


async def _emptied(registry: Registry, child: Child) -> None:
    """Wait until the relay has deleted all published frames. Raises Stalled."""
    session = await asyncpg.connect(registry.settings.database_url, timeout=30)
    try:
        end = time.monotonic() + STALLED_SECONDS
        while await session.fetchval("SELECT EXISTS (SELECT FROM outbox_frame)"):
            if not child.alive() or time.monotonic() > end:
                raise Stalled(f"published frames remain in the outbox: {child.last_lines()}")
            await asyncio.sleep(SAMPLE_SECONDS)
    finally:
        await session.close()
