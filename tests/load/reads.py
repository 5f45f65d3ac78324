"""Asks for the account's producer codes over HTTP/1.1 for a while, with so many connections, in a process of its own.

`python -m tests.load.reads PORT CONNECTIONS SECONDS TOKENS` (a file, one token a line); prints JSON. Connections are
kept alive, each has one request under way, the answers' bodies are read and thrown away; a wrong status is an error.
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


class Asker(asyncio.Protocol):
    """One connection that asks again as soon as it has its answer."""

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
        """Ask for the first time."""
        self._transport = cast("asyncio.Transport", transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        """Take what came; when the answer is whole, ask again."""
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
        """A connection that ends before its time is an error."""
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
    """Ask for so long; times in milliseconds."""
    requests = [
        f"GET {PATH} HTTP/1.1\r\nHost: {HOST}:{port}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        for token in tokens
    ]
    loop = asyncio.get_running_loop()
    begun = time.perf_counter()
    askers = [
        (await loop.create_connection(lambda: Asker(requests, begun + seconds), HOST, port))[1]
        for _ in range(connections)
    ]
    async with asyncio.timeout(seconds + ANSWER_SECONDS):
        await asyncio.gather(*(asker.done for asker in askers))
    took = time.perf_counter() - begun
    times = [one for asker in askers for one in asker.seconds]
    return {
        "requests": len(times),
        "rate": len(times) / took,
        "p50": percentile(times, 0.5) * 1000,
        "p99": percentile(times, 0.99) * 1000,
        "client_cpu": time.process_time() / len(times) * 1e6,
        "bytes": sum(asker.bytes for asker in askers) / len(times),
    }


def main() -> None:
    """Read the arguments, ask, print."""
    port, connections, seconds, tokens = sys.argv[1:5]
    figures = uvloop.run(ask(int(port), int(connections), float(seconds), Path(tokens).read_text().split()))
    sys.stdout.write(orjson.dumps(figures).decode())


if __name__ == "__main__":
    main()
