"""An HTTP/1.1 connection that sends one request after the other for a while, and checks and times the responses."""

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import cast

from tests.load.figure import percentile

HOST = "127.0.0.1"
ANSWER_SECONDS = 30.0


class Connection(asyncio.Protocol):
    """A connection that sends the next request as soon as it has the response; any status but `status` is an error."""

    def __init__(self, next_request: Callable[[], bytes], status: int, until: float) -> None:
        self._next_request = next_request
        self._status_line = f"http/1.1 {status}".encode()
        self._until = until
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._sent_at = 0.0
        self.seconds: list[float] = []
        self.bytes = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = cast("asyncio.Transport", transport)
        self._send()

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
        if now < self._until:
            self._send()
        else:
            self._end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Report an error when the connection ends early."""
        self._end(exc or ConnectionResetError("the service closed the connection"))

    def _send(self) -> None:
        assert self._transport is not None
        request = self._next_request()
        self._sent_at = time.perf_counter()
        self._transport.write(request)

    def _end(self, trouble: BaseException | None) -> None:
        if not self.done.done():
            if trouble is None:
                self.done.set_result(None)
            else:
                self.done.set_exception(trouble)
        if self._transport is not None:
            self._transport.close()


async def send(port: int, requests: Sequence[Callable[[], bytes]], status: int, seconds: float) -> dict[str, float]:
    """Send for this many seconds, on one connection for each source of requests; times are in milliseconds."""
    loop = asyncio.get_running_loop()
    begun = time.perf_counter()
    cpu = time.process_time()
    connections = [
        (await loop.create_connection(partial(Connection, one, status, begun + seconds), HOST, port))[1]
        for one in requests
    ]
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
