"""What a process does each second: its lag, its memory, and how it answers readiness and a read."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psutil

from tests.load.figure import percentile
from tests.load.log_ends import LogEnds
from tests.load.reads import PATH
from tests.support.http_client import Asker


@dataclass(frozen=True, slots=True)
class Answer:
    """The status of a response, 0 if there was none, and its milliseconds."""

    status: int
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Sample:
    """The state at a time in seconds: commands in the log, outcomes in the log, resident bytes, and two responses."""

    at: float
    sent: int
    decided: int
    resident: int
    ready: Answer
    read: Answer

    @property
    def lag(self) -> int:
        """Commands without an outcome."""
        return max(0, self.sent - self.decided)


@dataclass(frozen=True, slots=True)
class Observer:
    """Takes samples of a process; `ends` counts commands and outcomes."""

    process: psutil.Process
    ends: LogEnds
    admin: Asker
    api: Asker
    tokens: Sequence[str]

    async def watch(self, goes_on: Callable[[Sample], bool], every: float = 1.0) -> list[Sample]:
        """Take a sample every so many seconds until one says that it was the last."""
        begin, samples = time.monotonic(), [await self._sample()]
        while goes_on(samples[-1]):
            await asyncio.sleep(max(0.0, begin + len(samples) * every - time.monotonic()))
            samples.append(await self._sample())
        return samples

    async def _sample(self) -> Sample:
        sent, decided = await self.ends.each()
        at = time.monotonic()
        ready = await answer_of(self.admin, "/readyz")
        # Callers with and without many codes.
        read = await answer_of(self.api, PATH, random.choice(self.tokens))
        return Sample(at, sent, decided, self.process.memory_info().rss, ready, read)


async def answer_of(asker: Asker, path: str, token: str = "") -> Answer:
    """Send a request and time its response."""
    begin = time.perf_counter()
    try:
        status, _ = await asker.get(path, token)
    except (OSError, EOFError):
        status = 0
    return Answer(status, (time.perf_counter() - begin) * 1000)


@dataclass(frozen=True, slots=True)
class Phase:
    """The samples of a part of a run, in order of time."""

    samples: Sequence[Sample]

    def rate(self, least: int = 0) -> float:
        """Return the commands decided per second after `least` commands while some waited; 0 if it was too short."""
        flow = [sample for sample in self.samples if sample.decided >= least and sample.lag]
        if len(flow) < 2:
            return 0.0
        return (flow[-1].decided - flow[0].decided) / (flow[-1].at - flow[0].at)

    def figures(self) -> dict[str, Any]:
        """Return the figures for JSON."""
        first, last = self.samples[0], self.samples[-1]
        seconds = last.at - first.at
        resident = [sample.resident / 2**20 for sample in self.samples]
        ready, read = [sample.ready for sample in self.samples], [sample.read for sample in self.samples]
        return {
            "seconds": seconds,
            "sent": (last.sent - first.sent) / seconds if seconds else 0.0,
            "decided": (last.decided - first.decided) / seconds if seconds else 0.0,
            "lag": {"first": first.lag, "last": last.lag},
            "mebibytes": {"first": resident[0], "last": resident[-1], "most": max(resident)},
            "ready": sum(answer.status == 200 for answer in ready) / len(ready),
            "ready_milliseconds": _percentiles(ready),
            "read_statuses": {str(status): count for status, count in Counter(one.status for one in read).items()},
            "read_milliseconds": _percentiles(read),
            "samples": [
                [one.at - first.at, one.lag, mebibytes, one.ready.milliseconds, one.read.milliseconds]
                for one, mebibytes in zip(self.samples, resident, strict=True)
            ],
        }


def _percentiles(answers: Sequence[Answer]) -> dict[str, float]:
    times = [answer.milliseconds for answer in answers]
    return {"p50": percentile(times, 0.5), "p99": percentile(times, 0.99)}
