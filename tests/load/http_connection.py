"""An HTTP/1.1 connection that sends one request after the other for a while, and checks and times the responses.

Requests follow each other at once, or each has a time at which it is due. Then the time of a request that had to wait
for an earlier response is measured from its due time.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import cast

from tests.load.figure import percentile

HOST = "127.0.0.1"
ANSWER_SECONDS = 30.0


class Connection(asyncio.Protocol):
    """A connection for requests; any response status but `status` is an error.

    It sends the next request as soon as it has the response, or with `every` one request in so many seconds, the first
    one at the time `begin`.
    """

    def __init__(
        self, next_request: Callable[[], bytes], status: int, until: float, begin: float = 0.0, every: float = 0.0
    ) -> None:
        self._next_request = next_request
        self._status_line = f"http/1.1 {status}".encode()
        self._until = until
        self._due = begin
        self._every = every
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._sent_at = 0.0
        self.seconds: list[float] = []
        self.bytes = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request when it is due."""
        self._transport = cast("asyncio.Transport", transport)
        self._send_when_due()

    def data_received(self, data: bytes) -> None:
        """Collect the data; when the response is complete, send the next request."""
        buffer = self._buffer
        buffer += data
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(buffer[:end]).lower()
        start = head.index(b"content-length:") + 15
        length = int(head[start : head.find(b"\r", start) if b"\r" in head[start:] else None])
        if len(buffer) < end + 4 + length:
            return
        if not head.startswith(self._status_line):
            self._end(RuntimeError(f"the service answered {bytes(buffer[:600])!r}"))
            return
        now = time.perf_counter()
        self.seconds.append(now - self._sent_at)
        self.bytes += length
        del buffer[: end + 4 + length]
        self._due += self._every
        if (self._due if self._every else now) < self._until:
            self._send_when_due()
        else:
            self._end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Report an error when the connection ends early."""
        self._end(exc or ConnectionResetError("the service closed the connection"))

    def _send_when_due(self) -> None:
        wait = self._due - time.perf_counter() if self._every else 0.0
        if wait > 0:
            # The time begins when the timer fires: its delay is not the service's.
            asyncio.get_running_loop().call_later(wait, self._send)
        else:
            self._send(self._due if self._every else None)

    def _send(self, begin: float | None = None) -> None:
        assert self._transport is not None
        request = self._next_request()
        self._sent_at = time.perf_counter() if begin is None else begin
        self._transport.write(request)

    def _end(self, trouble: BaseException | None) -> None:
        if not self.done.done():
            if trouble is None:
                self.done.set_result(None)
            else:
                self.done.set_exception(trouble)
        if self._transport is not None:
            self._transport.close()


async def send(
    port: int, requests: Sequence[Callable[[], bytes]], status: int, seconds: float, rate: float = 0.0
) -> dict[str, float]:
    """Send for this many seconds, on one connection for each source of requests; times are in milliseconds.

    With a `rate`, all connections together send so many requests per second (open loop).
    """
    loop = asyncio.get_running_loop()
    begun = time.perf_counter()
    cpu = time.process_time()
    every = len(requests) / rate if rate else 0.0
    connections = []
    for number, one in enumerate(requests):
        first = begun + every * number / len(requests)
        make = partial(Connection, one, status, begun + seconds, first, every)
        connections.append((await loop.create_connection(make, HOST, port))[1])
    async with asyncio.timeout(seconds + ANSWER_SECONDS):
        await asyncio.gather(*(connection.done for connection in connections))
    took = time.perf_counter() - begun
    times = [one for connection in connections for one in connection.seconds]
    return {
        "requests": len(times),
        "rate": len(times) / took,
        "mean": sum(times) / len(times) * 1000,
        "p50": percentile(times, 0.5) * 1000,
        "p99": percentile(times, 0.99) * 1000,
        "client_cpu": (time.process_time() - cpu) / len(times) * 1e6,
        "bytes": sum(connection.bytes for connection in connections) / len(times),
    }
