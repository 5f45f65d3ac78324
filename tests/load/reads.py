"""An HTTP/1.1 client that requests the account's producer codes for a while, as a separate process.

`python -m tests.load.reads PORT CONNECTIONS SECONDS TOKENS` (a file, one token per line); prints JSON. Connections are
kept alive, each has one request at a time, bodies are read and discarded; any status but 200 is an error.
"""

import asyncio
import random
import sys
import time
from pathlib import Path
from typing import cast

import orjson
import uvloop

from tests.load.figure import percentile

HOST = "127.0.0.1"
ANSWER_SECONDS = 30.0
PATH = "/account/v1/producer-codes"


class Connection(asyncio.Protocol):
    """A connection that sends the next request as soon as it has its answer."""

    def __init__(self, requests: list[bytes], until: float) -> None:
        self._requests = requests
        self._until = until
        self._random = random.Random(id(self))
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._asked = 0.0
        self.seconds: list[float] = []
        self.bytes = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = cast("asyncio.Transport", transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        """Collect the data; when the answer is complete, send the next request."""
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
        if not head.startswith(b"http/1.1 200"):
            self._end(RuntimeError(f"the service answered {bytes(buffer[:300])!r}"))
            return
        now = time.perf_counter()
        self.seconds.append(now - self._asked)
        self.bytes += length
        del buffer[: end + 4 + length]
        if now < self._until:
            self._ask()
        else:
            self._end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Report an error when the connection ends early."""
        self._end(exc or ConnectionResetError("the service closed the connection"))

    def _ask(self) -> None:
        assert self._transport is not None
        self._asked = time.perf_counter()
        self._transport.write(self._random.choice(self._requests))

    def _end(self, trouble: BaseException | None) -> None:
        if not self.done.done():
            if trouble is None:
                self.done.set_result(None)
            else:
                self.done.set_exception(trouble)
        if self._transport is not None:
            self._transport.close()


async def ask(port: int, connections: int, seconds: float, tokens: list[str]) -> dict[str, float]:
    """Send requests for this many seconds; times are in milliseconds."""
    requests = [
        f"GET {PATH} HTTP/1.1\r\nHost: {HOST}:{port}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        for token in tokens
    ]
    loop = asyncio.get_running_loop()
    begun = time.perf_counter()
    open_connections = [
        (await loop.create_connection(lambda: Connection(requests, begun + seconds), HOST, port))[1]
        for _ in range(connections)
    ]
    async with asyncio.timeout(seconds + ANSWER_SECONDS):
        await asyncio.gather(*(connection.done for connection in open_connections))
    took = time.perf_counter() - begun
    times = [one for connection in open_connections for one in connection.seconds]
    return {
        "requests": len(times),
        "rate": len(times) / took,
        "p50": percentile(times, 0.5) * 1000,
        "p99": percentile(times, 0.99) * 1000,
        "client_cpu": time.process_time() / len(times) * 1e6,
        "bytes": sum(connection.bytes for connection in open_connections) / len(times),
    }


def main() -> None:
    """Parse the arguments, run, and print the result."""
    port, connections, seconds, tokens = sys.argv[1:5]
    figures = uvloop.run(ask(int(port), int(connections), float(seconds), Path(tokens).read_text().split()))
    sys.stdout.write(orjson.dumps(figures).decode())


if __name__ == "__main__":
    main()
