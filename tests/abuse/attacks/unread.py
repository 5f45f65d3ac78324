"""Clients that send many requests at once and do not read the responses, or read them very slowly."""

import asyncio
import contextlib
import re
import socket
import time

from tests.abuse.client import HOST, request
from tests.abuse.target import Got, Target

CONNECTIONS = 70
PIPELINED = 100
WAVES = 2
SLOW_BYTES = 10
SLOW_SECONDS = 1.0
RECEIVE_BUFFER = 4_096
DRAIN_SECONDS = 0.5
MOST_BYTES = 8 << 20
"""What is read at the end of a wave; more means that the server still sends."""

_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


async def unread(target: Target) -> Got:
    """Request the largest response without a token, and read nothing."""
    return await _waves(target, _large(target), slow=False)


async def unread_with_token(target: Target) -> Got:
    """Request the largest response of a caller with admin:read, and read nothing."""
    path = "/producers?limit=1000"
    return await _waves(target, request(path, token=target.token(scope="admin:read")), slow=False)


async def slow_readers(target: Target) -> Got:
    """Request the largest response without a token, and read ten bytes per second."""
    return await _waves(target, _large(target), slow=True)


def _large(target: Target) -> bytes:
    return request("/metrics" if target.is_admin else "/docs/swagger-ui-bundle.js")


async def _waves(target: Target, data: bytes, *, slow: bool) -> Got:
    """Open 70 connections that pipeline 100 requests each; when the wave is over, see what the server did to them."""
    got, waves, pipelined = Got(), target.count(WAVES, 1), target.count(PIPELINED, 20)
    for _ in range(waves):
        async with asyncio.TaskGroup() as tasks:
            for _ in range(CONNECTIONS):
                tasks.create_task(_client(target.port, data * pipelined, target.seconds / waves, got, slow=slow))
    if not target.short:
        got.expect(not got.counts["open"], f"{got.counts['open']} connections that do not read stay open")
    return got


async def _client(port: int, data: bytes, seconds: float, got: Got, *, slow: bool) -> None:
    loop, end = asyncio.get_running_loop(), time.monotonic() + seconds
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        connection.setblocking(False)
        try:
            await loop.sock_connect(connection, (HOST, port))
            with contextlib.suppress(TimeoutError):
                # The server may not read all requests before the first ones are answered.
                async with asyncio.timeout_at(loop.time() + seconds):
                    await loop.sock_sendall(connection, data)
            while (left := end - time.monotonic()) > 0:
                await asyncio.sleep(min(left, SLOW_SECONDS))
                if slow:
                    await loop.sock_recv(connection, SLOW_BYTES)
            received, closed = await _drained(connection)
        except OSError:
            got.counts["closed"] += 1
            return
    got.counts["closed" if closed else "open"] += 1
    for status in _STATUS.findall(received):
        got.counts[status.decode()] += 1


async def _drained(connection: socket.socket) -> tuple[bytes, bool]:
    """Read what has arrived; the second value tells whether the server has closed the connection."""
    loop, received = asyncio.get_running_loop(), bytearray()
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            while len(received) < MOST_BYTES:
                piece = await loop.sock_recv(connection, 65_536)
                if not piece:
                    return bytes(received), True
                received += piece
    except TimeoutError:
        return bytes(received), False
    except OSError:
        return bytes(received), True
    return bytes(received), False
