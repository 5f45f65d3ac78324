"""The well-behaved caller, the probes of health and the memory of the process, before and during an attack."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import psutil

from tests.abuse.client import HOST
from tests.load.figure import percentile
from tests.support.process import Service

CALLER_PATH = "/account/v1/producer-codes"
CALLS_PER_SECOND = 20.0
CALL_SECONDS = 10.0
PROBES_PER_SECOND = 2.0
PROBE_SECONDS = 5.0
MEMORY_SAMPLES_PER_SECOND = 20.0
WARM_REQUESTS = 100
MEBIBYTE = 1 << 20


@dataclass(slots=True)
class Series:
    """The requests of one client: the seconds of the answered ones, and the reasons of the others with their number."""

    seconds: list[float] = field(default_factory=list)
    lost: Counter[str] = field(default_factory=Counter)

    @property
    def count(self) -> int:
        """The number of requests."""
        return len(self.seconds) + self.lost.total()

    def milliseconds(self, share: float) -> float:
        """Return a percentile of the answered requests; not a number if there are none."""
        return percentile(self.seconds, share) * 1000 if self.seconds else float("nan")


@dataclass(slots=True)
class Observed:
    """A period: the caller's requests, the probes, and samples of the process's resident memory in bytes."""

    caller: Series = field(default_factory=Series)
    livez: Series = field(default_factory=Series)
    readyz: Series = field(default_factory=Series)
    memory: list[int] = field(default_factory=list)


@asynccontextmanager
async def observed(service: Service, token: str) -> AsyncIterator[Observed]:
    """Observe a process while the block runs. Requests that are in progress at its end are awaited."""
    seen = Observed()
    process = psutil.Process(service.pid)
    processes = [process, *process.children(recursive=True)]
    api, admin = service.api_port, service.admin_port
    over = asyncio.Event()
    clients = asyncio.gather(
        _every(over, CALLS_PER_SECOND, lambda: _ask(seen.caller, api, CALLER_PATH, CALL_SECONDS, token)),
        _every(over, PROBES_PER_SECOND, lambda: _ask(seen.livez, admin, "/livez", PROBE_SECONDS)),
        _every(over, PROBES_PER_SECOND, lambda: _ask(seen.readyz, admin, "/readyz", PROBE_SECONDS)),
    )
    sampling = asyncio.create_task(_sample(processes, seen.memory))
    try:
        yield seen
    finally:
        over.set()
        await clients
        sampling.cancel()
        await asyncio.wait((sampling,))


async def warm_up(service: Service, token: str) -> None:
    """Send requests one after the other, so that plans and documents are cached before something is measured."""
    await _get(service.api_port, "/openapi.json", token)
    for _ in range(WARM_REQUESTS):
        await _get(service.api_port, CALLER_PATH, token)
        await _get(service.admin_port, "/readyz", "")


async def _every(over: asyncio.Event, per_second: float, ask: Callable[[], Coroutine[None, None, None]]) -> None:
    """Begin a request at a constant rate, whether or not the earlier ones are answered, and await all."""
    begin, number = time.monotonic(), 0
    async with asyncio.TaskGroup() as requests:
        while not over.is_set():
            requests.create_task(ask())
            number += 1
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(begin + number / per_second - time.monotonic()):
                    await over.wait()


async def _ask(series: Series, port: int, path: str, seconds: float, token: str = "") -> None:
    begin = time.monotonic()
    try:
        async with asyncio.timeout(seconds):
            reason = await _get(port, path, token)
    except TimeoutError:
        reason = "time-out"
    except OSError as error:
        reason = type(error).__name__
    if reason:
        series.lost[reason] += 1
    else:
        series.seconds.append(time.monotonic() - begin)


async def _get(port: int, path: str, token: str) -> str:
    """Send a request on a new connection. Return why it counts as lost; empty if it is answered with 200."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        authorization = f"Authorization: Bearer {token}\r\n" if token else ""
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n{authorization}Connection: close\r\n\r\n".encode())
        head, end, body = (await reader.read(-1)).partition(b"\r\n\r\n")
    finally:
        writer.close()
    if not head.startswith(b"HTTP/1.1 200 "):
        return head[9:12].decode("latin-1") or "closed"
    return "" if end and b"content-length: %d" % len(body) in head.lower() else "incomplete"


async def _sample(processes: list[psutil.Process], memory: list[int]) -> None:
    """Add up the resident memory of a process and its children at a constant rate."""
    while True:
        try:
            memory.append(sum(process.memory_info().rss for process in processes))
        except psutil.NoSuchProcess:
            return
        await asyncio.sleep(1 / MEMORY_SAMPLES_PER_SECOND)
