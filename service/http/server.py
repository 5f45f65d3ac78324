"""The HTTP server of a port: uvicorn with limits for the connections, which it accepts itself."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final, TypeAlias

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from service.http.acceptor import Acceptor
from service.http.connections import Connections
from service.http.protocol import Protocol
from service.telemetry import log

MAX_KERNEL_BYTES: Final = 65_536
"""What the operating system takes of the responses of a connection beyond what the client has room for."""

OPEN_PER_WAITING: Final = 4
"""How many connections may be open for each one that is accepted and not open yet; both take descriptors."""

Watch: TypeAlias = Callable[[asyncio.Task[None], str], None]

_log = log(__name__)


class Server(uvicorn.Server):
    """A server that accepts the connections of a socket itself, and leaves signals to the process."""

    def __init__(self, config: uvicorn.Config, listener: socket.socket, connections: Connections) -> None:
        super().__init__(config)
        self._listener = listener
        # Accepted sockets inherit it.
        self._listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, MAX_KERNEL_BYTES)
        self._connections = connections
        self._opening: set[asyncio.Task[Any]] = set()
        self._acceptor = Acceptor(listener, self._open, max(1, connections.most // OPEN_PER_WAITING))
        self.servers = []

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install no signal handlers."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept connections."""
        self._loop = asyncio.get_running_loop()
        self._acceptor.start()
        self.started = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no more connections, and wait for the requests in progress."""
        self._acceptor.stop()
        # The base class ends the connections that are open by then.
        if self._opening:
            await asyncio.wait(self._opening)
        await super().shutdown([self._listener])

    def _open(self, accepted: socket.socket) -> None:
        task = self._loop.create_task(self._loop.connect_accepted_socket(self._protocol, accepted))
        self._opening.add(task)
        task.add_done_callback(self._opened)

    def _opened(self, task: asyncio.Task[Any]) -> None:
        self._opening.discard(task)
        # A client may be gone before its connection has a transport.
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.info("connection_not_opened", error=str(error))

    def _protocol(self) -> Protocol:
        return Protocol(
            config=self.config, server_state=self.server_state, app_state={}, _loop=self._loop, among=self._connections
        )


@asynccontextmanager
async def serving(
    app: ASGIApp, listener: socket.socket, connections: Connections, watch: Watch, seconds: float
) -> AsyncIterator[None]:
    """Serve an application on a socket; `watch` observes the tasks of the server.

    At the end, requests in progress may take the given number of seconds.
    """
    config = uvicorn.Config(
        _without_disconnected(app),
        loop="none",
        http=Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        # The address of the peer decides whether it is a trusted proxy; uvicorn would replace it by a header's.
        proxy_headers=False,
        timeout_graceful_shutdown=max(1, int(seconds)),
    )
    server = Server(config, listener, connections)
    sweep = asyncio.create_task(connections.sweep())
    task = asyncio.create_task(server.serve())
    watch(sweep, "HTTP time-outs")
    watch(task, "HTTP server")
    try:
        yield
    finally:
        server.should_exit = True
        await asyncio.wait((task,))
        sweep.cancel()


def _without_disconnected(app: ASGIApp) -> ASGIApp:
    """Wrap an application so that uvicorn does not log the cancellation of a request whose client disconnected."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        except asyncio.CancelledError:
            if not scope["state"].get("disconnected"):
                raise

    return call
