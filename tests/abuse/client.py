"""A raw HTTP/1.1 client: it sends any bytes, and tells responses, closed and reset connections apart."""

import asyncio
import contextlib
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

HOST = "127.0.0.1"
SECONDS = 15.0
"""How long an attacker waits for a response, or for the end of a connection."""

LONG_SECONDS = 300.0

CLOSED, RESET, OPEN, TIME_OUT = "closed", "reset", "open", "time-out"


@dataclass(frozen=True, slots=True)
class Response:
    """A response; the names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Exchange:
    """All responses on a connection, and how it ended: closed, reset, or `open` if the server did not end it."""

    responses: list[Response] = field(default_factory=list)
    end: str = OPEN

    @property
    def result(self) -> str:
        """The statuses of the responses, and how the connection ended."""
        return " ".join([*(str(response.status) for response in self.responses), self.end])


class Connection:
    """A connection; the methods raise ConnectionError and TimeoutError."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        """Send these bytes, and wait while the buffers are full."""
        self._writer.write(data)
        async with asyncio.timeout(SECONDS):
            await self._writer.drain()

    async def response(self, seconds: float = SECONDS) -> Response:
        """Read a response with its body."""
        async with asyncio.timeout(seconds):
            try:
                head = await self._reader.readuntil(b"\r\n\r\n")
                status, *lines = head.decode("latin-1").split("\r\n")[:-2]
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
                body = await self._reader.readexactly(int(headers.get("content-length", "0")))
            except asyncio.IncompleteReadError:
                raise ConnectionAbortedError(CLOSED) from None
        return Response(int(status.split(" ")[1]), headers, body)

    async def collect(self, exchange: Exchange, seconds: float = SECONDS) -> Exchange:
        """Add responses until the connection ends or no response arrives for this time."""
        try:
            while True:
                exchange.responses.append(await self.response(seconds))
        except ConnectionAbortedError:
            exchange.end = CLOSED
        except ConnectionError:
            exchange.end = RESET
        except TimeoutError:
            pass
        return exchange

    def abort(self) -> None:
        """Close the connection at once."""
        self._writer.transport.abort()


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Connection]:
    """Open a connection, and close it at the end. Raises OSError and TimeoutError."""
    async with asyncio.timeout(SECONDS):
        reader, writer = await asyncio.open_connection(HOST, port, limit=1 << 22)
    connection = Connection(reader, writer)
    try:
        yield connection
    finally:
        connection.abort()


async def exchange(port: int, data: bytes, *, seconds: float = SECONDS) -> Exchange:
    """Send these bytes on a new connection, and read all responses until it ends."""
    got = Exchange(end=RESET)
    with contextlib.suppress(OSError, TimeoutError):
        async with connected(port) as connection:
            got.end = OPEN
            await connection.send(data)
            await connection.collect(got, seconds)
    return got


async def first(port: int, data: bytes, *, seconds: float = SECONDS) -> Exchange:
    """Send these bytes on a new connection, read one response, and close the connection."""
    got = Exchange(end=RESET)
    with contextlib.suppress(OSError, TimeoutError):
        async with connected(port) as connection:
            await connection.send(data)
            got.responses.append(await connection.response(seconds))
            got.end = OPEN
    return got


async def ask(port: int, requests: Iterable[bytes], connections: int, counts: Counter[str]) -> Response | None:
    """Send requests on this many keep-alive connections, and count the results. Return the last response."""
    waiting, last = iter(requests), None

    async def worker() -> None:
        nonlocal last
        for data in waiting:
            try:
                async with connected(port) as connection:
                    for one in itertools.chain((data,), waiting):
                        await connection.send(one)
                        last = await connection.response()
                        counts[str(last.status)] += 1
            except TimeoutError:
                counts[TIME_OUT] += 1
            except OSError as error:
                counts[CLOSED if isinstance(error, ConnectionAbortedError) else RESET] += 1

    async with asyncio.TaskGroup() as tasks:
        for _ in range(connections):
            tasks.create_task(worker())
    return last


async def pour(port: int, begin: bytes, pieces: Iterable[bytes], pause: float = 0.0) -> tuple[Exchange, int]:
    """Send the pieces with a pause after each, until the connection ends. Return also the number of bytes sent."""
    got, sent = Exchange(), 0
    async with connected(port) as connection:
        collecting = asyncio.create_task(connection.collect(got, LONG_SECONDS))
        try:
            await connection.send(begin)
            for piece in pieces:
                if collecting.done():
                    break
                await connection.send(piece)
                sent += len(piece)
                await asyncio.sleep(pause)
            await asyncio.wait((collecting,), timeout=1)
        except ConnectionError:
            got.end = RESET
        except TimeoutError:
            # The server reads no more, and has not closed the connection.
            got.end = OPEN
        finally:
            collecting.cancel()
            await asyncio.wait((collecting,))
    return got, sent


def request(path: str, *headers: str, method: str = "GET", token: str = "", close: bool = False) -> bytes:
    """Return the bytes of a request without a body; `headers` are whole lines."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}", *headers]
    lines += [f"Authorization: Bearer {token}"] if token else []
    lines += ["Connection: close"] if close else []
    return "\r\n".join([*lines, "", ""]).encode()
