"""Clients that send and read bytes of HTTP themselves, and an application that answers when it is told to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from service.telemetry import HTTP_CLOSED

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
BIG = Response(b"x" * 20_000_000)
OK = b"HTTP/1.1 200 OK\r\n"


class Gate:
    """An application that answers when it is opened, and counts its requests."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.begun = self.ended = self.cancelled = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.begun += 1
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        self.ended += 1
        await Response("answer")(scope, receive, send)


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


@asynccontextmanager
async def client(url: str, *sent: bytes) -> AsyncIterator[asyncio.StreamReader]:
    """A connection that has sent these bytes. What nobody reads fills the buffers soon."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port_of(url), limit=4096)
    writer.write(b"".join(sent))
    try:
        yield reader
    finally:
        writer.transport.abort()


def closed(reason: str) -> float:
    count: float = HTTP_CLOSED.labels("test", reason)._value.get()
    return count


async def answered(url: str) -> None:
    async with client(url, GET) as reader:
        assert await reader.readline() == OK


async def ended(reader: asyncio.StreamReader) -> None:
    """Wait until the server has closed the connection."""
    try:
        while await reader.read(65_536):
            pass
    except ConnectionResetError:
        pass


@asynccontextmanager
async def sender(url: str, *parts: bytes) -> AsyncIterator[asyncio.StreamReader]:
    """A connection on which the server gets these parts one after the other."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port_of(url))
    for part in parts:
        writer.write(part)
        await asyncio.sleep(0.05)
    try:
        yield reader
    finally:
        writer.transport.abort()
