"""The measured part of a run: published messages, and the CPU time of each process."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from consumers.kafka.client import connection
from service.settings import Settings
from tests.load.cpu import cpu_seconds

if TYPE_CHECKING:
    from types import TracebackType

POLL_MS = 20
STALLED_SECONDS = 120.0
WARM_SHARE = 0.2
"""The first part of a run is a warm-up for plans, caches and pages of the database, and is not measured."""


class Stalled(Exception):
    """A measured process made no progress for two minutes."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The rate per second, and CPU microseconds per unit by process name."""

    rate: float
    cpu: Mapping[str, float]

    @property
    def cpu_total(self) -> float:
        """The sum over all processes."""
        return sum(self.cpu.values())


class Out:
    """Counts messages by reading their topics, because the end offsets of the embedded broker are not exact.

    The reader costs the broker about a microsecond per message; its own CPU time is not measured.
    """

    def __init__(self, settings: Settings, topics: Sequence[str], partitions: int) -> None:
        options = {"enable_auto_commit": False, "check_crcs": False, "max_partition_fetch_bytes": 4_000_000}
        self._consumer: Any = AIOKafkaConsumer(**connection(settings), **options, fetch_max_wait_ms=50)
        self._places = [TopicPartition(topic, number) for topic in topics for number in range(partitions)]
        self.count = 0

    async def __aenter__(self) -> "Out":
        await self._consumer.start()
        self._consumer.assign(self._places)
        for servers in self._places:
            self._consumer.seek(servers, 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        await self._consumer.stop()

    async def skip(self, messages: int) -> None:
        """Skip this many earlier messages."""
        while self.count < messages:
            await self.more()
        self.count -= messages

    async def more(self) -> int:
        """Return the number of messages so far, after a short wait for more."""
        polled = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=5_000)
        self.count += sum(map(len, polled.values()))
        return self.count


async def measure(
    out: Out, count: int, pids: Mapping[str, Sequence[int]], alive: Callable[[], str], *, warm: float = WARM_SHARE
) -> Measured:
    """Wait until `count` messages are published, and measure those after the warm-up.

    `alive` returns "" or the reason why the run cannot continue. Raises Stalled.
    """
    start = await _reached(out, max(1, int(count * warm)), alive)
    before = _snapshot(pids)
    end = await _reached(out, count, alive)
    after = _snapshot(pids)
    done, seconds = end - start, after[0] - before[0]
    return Measured(done / seconds, {name: (after[1][name] - before[1][name]) / done * 1e6 for name in pids})


async def _reached(out: Out, count: int, alive: Callable[[], str]) -> int:
    last, moved = 0, time.monotonic()
    while (now := await out.more()) < count:
        if now > last:
            last, moved = now, time.monotonic()
        if trouble := alive():
            raise Stalled(f"{now} of {count} messages were published: {trouble}")
        if time.monotonic() - moved > STALLED_SECONDS:
            raise Stalled(f"{now} of {count} messages were published, then no more")
    return now


def _snapshot(pids: Mapping[str, Sequence[int]]) -> tuple[float, dict[str, float]]:
    return time.monotonic(), {name: sum(cpu_seconds(pid) for pid in family) for name, family in pids.items()}
