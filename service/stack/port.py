"""Ports of 127.0.0.1: find a free port, and check whether a server responds on a port."""

import asyncio
import secrets
import socket

from service.stack.errors import StackError

HOST = "127.0.0.1"
# Below the kernel's range for outgoing connections, so that the port of a stopped server is still free when the
# server is started again.
FIRST, LAST = 20_000, 32_000
TRIES = 200


def is_free(port: int) -> bool:
    """Return whether a server could listen on a port of 127.0.0.1 now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # The servers set this option too: connections in TIME_WAIT do not block the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def choose(port: int, *, server: str, setting: str) -> int:
    """Return the given port, or a free port if it is 0.

    Raises StackError, which names server, port and setting, if the given port is in use.
    """
    if port:
        if not is_free(port):
            raise StackError(
                f"{server} cannot listen on {HOST}:{port}: the port is in use; stop the process that listens there, "
                f"or set {setting} to another port (0 selects a free port)"
            )
        return port
    for _ in range(TRIES):
        candidate = FIRST + secrets.randbelow(LAST - FIRST)
        if is_free(candidate):
            return candidate
    raise StackError(f"no free port for {server} between {FIRST} and {LAST} on {HOST}; set one with {setting}")


async def answers(port: int) -> bool:
    """Return whether a server accepts a connection on a port of 127.0.0.1 within one second."""
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(HOST, port), 1)
    except (OSError, TimeoutError):
        return False
    await _close(writer)
    return True


async def broker_answers(port: int) -> bool:
    """Return whether a Kafka broker on a port of 127.0.0.1 responds to an ApiVersions request within two seconds."""
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(HOST, port), 1)
    except (OSError, TimeoutError):
        return False
    correlation = secrets.token_bytes(3)
    # ApiVersions (key 18) in version 0, correlation id, no client id.
    request = (18).to_bytes(2) + (0).to_bytes(2) + b"\x00" + correlation + (-1).to_bytes(2, signed=True)
    try:
        writer.write(len(request).to_bytes(4) + request)
        answer = await asyncio.wait_for(reader.readexactly(10), 2)
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        return False
    finally:
        await _close(writer)
    return answer[5:8] == correlation and answer[8:10] == b"\x00\x00"


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    try:
        await writer.wait_closed()
    except OSError:
        # The other side closed the connection first.
        return
