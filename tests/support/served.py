"""An application that is served over HTTP as in production."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from service.http.connections import Connections
from service.http.server import serving


@asynccontextmanager
async def served(
    app: Any, connections: Connections | None = None, *, send_buffer: int | None = None
) -> AsyncIterator[str]:
    """Serve an ASGI application, and yield its URL. A task of the server that ends before the block is an error.

    `send_buffer` is the size of the send buffers of connections in bytes, about which the operating system decides.
    """
    ended: list[str] = []

    def watch(task: asyncio.Task[None], name: str) -> None:
        task.add_done_callback(lambda _: ended.append(name))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        # uvloop sets it on accepted sockets; asyncio does not, and each response would wait for an acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if send_buffer is not None:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        among = Connections("test", 100) if connections is None else connections
        async with serving(app, listener, among, watch, seconds=1):
            yield url
            assert not ended, ended
