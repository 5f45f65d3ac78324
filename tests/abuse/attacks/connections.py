"""Connections without complete requests: silent ones, half-sent heads, and connections that are closed at once."""

import asyncio
import socket
import struct
import time
from collections.abc import Callable
from typing import cast

from tests.abuse.client import HOST
from tests.abuse.target import Got, Target, paced

CONNECTIONS = 1_200
"""More than a process with 1,024 descriptors can accept."""

OPENED_AT_ONCE = 200
POLL_SECONDS = 0.1
CHURN_PER_SECOND = 500.0
HALF = f"GET /livez HTTP/1.1\r\nHost: {HOST}\r\nX-Half".encode()

CLOSE_WITH_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: the connection is reset, not closed in order."""


class _Idle(asyncio.Protocol):
    """A connection that sends a part of a request, and reports its end."""

    def __init__(self, part: bytes, lost: Callable[["_Idle"], None]) -> None:
        self._part = part
        self._lost = lost
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(self._part)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost(self)


class _Crowd:
    """Open connections; those that the server closes are counted."""

    def __init__(self, port: int, got: Got) -> None:
        self._port = port
        self._got = got
        self.open: set[_Idle] = set()

    async def add(self, part: bytes) -> _Idle:
        """Open a connection that sends this part of a request. Raises OSError."""
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: _Idle(part, self._lost), HOST, self._port)
        self.open.add(connection)
        self._got.counts["opened"] += 1
        return connection

    def _lost(self, connection: _Idle) -> None:
        if connection in self.open:
            self.open.discard(connection)
            self._got.counts["closed by the server"] += 1

    def end(self) -> None:
        """Close all connections."""
        connections, self.open = self.open, set()
        for connection in connections:
            connection.transport.abort()


async def idle(target: Target) -> Got:
    """Keep 1,200 connections open, of which half are silent and half send half a head; open closed ones again."""
    got, end = Got(), time.monotonic() + target.seconds
    crowd, first = _Crowd(target.port, got), set[_Idle]()
    while time.monotonic() < end:
        for number in range(min(CONNECTIONS - len(crowd.open), OPENED_AT_ONCE)):
            try:
                connection = await crowd.add(HALF if number % 2 else b"")
            except OSError as error:
                got.counts[type(error).__name__] += 1
                break
            if len(first) < CONNECTIONS:
                first.add(connection)
        await asyncio.sleep(POLL_SECONDS)
    still = len(first & crowd.open)
    got.remarks.append(f"{still} of the first {len(first):,} still open")
    crowd.end()
    if not target.short:
        got.expect(not still, f"{still} connections without a request stay open")
    return got


async def churn(target: Target) -> Got:
    """Open 500 connections per second and close each at once, every second one with a reset."""
    got, loop = Got(), asyncio.get_running_loop()
    async for number in paced(target.turns(10_000, 300), CHURN_PER_SECOND):
        with socket.socket() as connection:
            connection.setblocking(False)
            if number % 2:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, CLOSE_WITH_RESET)
            try:
                await loop.sock_connect(connection, (HOST, target.port))
            except OSError as error:
                got.counts[type(error).__name__] += 1
            else:
                got.counts["connected"] += 1
    got.expect_only("connected")
    return got
