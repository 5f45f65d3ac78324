"""An application that is served over HTTP as in production."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn

from service.http.protocol import Protocol
from tests.support.wait import eventually


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signal handling to pytest."""
        yield


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """Serve an ASGI application, and return its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        # uvloop sets it on accepted sockets; asyncio does not, and each response would wait for an acknowledgement.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        config = uvicorn.Config(app, http=Protocol, ws="none", lifespan="off", log_config=None, access_log=False)
        server = _Server(config)
        serving = asyncio.create_task(server.serve([listening]))
        await eventually(lambda: server.started, what="the server")
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        await serving
