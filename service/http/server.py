"""The HTTP server of a port: uvicorn with limits for the connections.

In each turn of the event loop it accepts all connections that wait. The event loop itself accepts one per turn, and a
turn is long while batches of commands are decided.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final, TypeAlias

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from service.http.connections import Connections
from service.http.protocol import Protocol
from service.log_limit import LogLimit
from service.telemetry import log

ACCEPTS_PER_TURN: Final = 100
"""Limit of connections that are accepted in one turn of the event loop."""

MAX_KERNEL_BYTES: Final = 65_536
"""What the operating system takes of the responses of a connection beyond what the client has room for."""

PAUSE_SECONDS: Final = 0.2
"""How long no connection is accepted when the process is out of descriptors."""

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
        self._accepting: set[asyncio.Task[Any]] = set()
        self._log_limit = LogLimit()
        self.servers = []

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install no signal handlers."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept connections."""
        self._listener.setblocking(False)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._listener, self._accept)
        self.started = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no more connections, and wait for the requests in progress."""
        self._loop.remove_reader(self._listener)
        await super().shutdown([self._listener])

    def _accept(self) -> None:
        for _ in range(ACCEPTS_PER_TURN):
            try:
                accepted, _address = self._listener.accept()
            except BlockingIOError:
                return
            except ConnectionAbortedError:
                continue
            except OSError as error:
                if self._log_limit.allows():
                    _log.warning("connections cannot be accepted", error=str(error))
                self._loop.remove_reader(self._listener)
                self._loop.call_later(PAUSE_SECONDS, self._resume)
                return
            task = self._loop.create_task(self._loop.connect_accepted_socket(self._protocol, accepted))
            self._accepting.add(task)
            task.add_done_callback(self._accepted)

    def _accepted(self, task: asyncio.Task[Any]) -> None:
        self._accepting.discard(task)
        # A client may be gone before its connection has a transport.
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.info("a connection could not be opened", error=str(error))

    def _resume(self) -> None:
        if not self.should_exit:
            self._loop.add_reader(self._listener, self._accept)

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
