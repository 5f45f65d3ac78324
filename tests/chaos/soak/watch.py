"""Memory and sizes during a soak: a series of samples for each process id, and the growth of memory."""

import asyncio
import contextlib
import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import asyncpg
import psutil

from service.stack.apache.cluster import Apache
from tests.chaos.run import Run
from tests.support.process import Service

EVERY_SECONDS = 5.0
MEBIBYTE = 1 << 20
FLAT = 0.10
"""The maximum growth from the first third of a process's lifetime to the last one, as a share."""

Series = list[tuple[float, int]]
"""Seconds since the start, and bytes."""


@dataclass(frozen=True, slots=True)
class Growth:
    """Medians of resident memory in the first and the last third of a process's lifetime after warm-up, in MiB."""

    name: str
    minutes: float
    first: float
    last: float

    @property
    def stable(self) -> bool:
        """Whether the last third is at most a tenth above the first."""
        return self.last <= self.first * (1 + FLAT)

    def __str__(self) -> str:
        change = (self.last / self.first - 1) * 100
        verdict = "stable" if self.stable else "NOT stable"
        return (
            f"memory of {self.name}, {self.minutes:.1f} minutes after its warm-up: first third {self.first:.1f} MiB,"
            f" last third {self.last:.1f} MiB ({change:+.1f} %): {verdict}"
        )


def growth(name: str, series: Series, warm_up: float) -> Growth | None:
    """Return the growth of a process; None when too few samples remain after the warm-up."""
    if not series:
        return None
    counted = [size / MEBIBYTE for at, size in series if at - series[0][0] >= warm_up]
    third = len(counted) // 3
    if not third:
        return None
    minutes = (series[-1][0] - series[0][0] - warm_up) / 60
    return Growth(name, minutes, statistics.median(counted[:third]), statistics.median(counted[-third:]))


@dataclass(slots=True)
class Sample:
    """A sample: minutes since the start, messages in the outbox, and sizes in MiB.

    When the outbox could not be counted, the sample has the number of the previous one.
    """

    minutes: float
    outbox: int
    database: float
    broker: float
    services: Sequence[float]
    counted: bool = True


@dataclass(slots=True)
class Watch:
    """Takes samples until cancelled; `lives` are the series by name and process id."""

    run: Run
    services: Sequence[Service]
    started: float = field(default_factory=time.monotonic)
    samples: list[Sample] = field(default_factory=list)
    lives: dict[tuple[str, int], Series] = field(default_factory=lambda: defaultdict(list))

    async def watch(self) -> None:
        """Take a sample every few seconds."""
        while True:
            await self.sample()
            await asyncio.sleep(EVERY_SECONDS)

    async def sample(self) -> None:
        """Take a sample; while the database is unavailable it has the previous sizes."""
        at = time.monotonic() - self.started
        sizes = []
        for service in self.services:
            size = _resident(service.pid) if service.alive else 0
            if size:
                self.lives[service.name, service.pid].append((at, size))
                sizes.append(size / MEBIBYTE)
        before = self.samples[-1] if self.samples else Sample(0, 0, 0, 0, ())
        outbox, database, counted = before.outbox, before.database, False
        with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            async with self.run.site.session(self.run.database) as session:
                query = "SELECT coalesce(sum(messages), 0), pg_database_size(current_database()) FROM outbox_frame"
                row = await session.fetchrow(query, timeout=5)
                assert row is not None
                outbox, database, counted = row[0], row[1] / MEBIBYTE, True
        kafka = self.run.site.kafka
        children = kafka.nodes if isinstance(kafka, Apache) else [kafka.child]
        broker = sum(_resident(child.pid) for child in children) / MEBIBYTE
        self.samples.append(Sample(at / 60, outbox, database, broker, sizes, counted))

    def longest(self) -> tuple[str, Series]:
        """Return the longest series and its name; of equal ones that of the last service. Empty without samples."""
        if not self.lives:
            return "none", []
        (name, _), series = max(self.lives.items(), key=lambda life: (life[1][-1][0] - life[1][0][0], life[0]))
        return name, series


def _resident(pid: int | None) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss) if pid else 0
    except psutil.NoSuchProcess:
        return 0
