"""The open connections of one port: how many there may be, and how many bytes they may hold together."""

import asyncio
import resource
import time
from collections.abc import Callable
from typing import Final, Protocol

from service.log_limit import LogLimit
from service.telemetry import HTTP_CLOSED, HTTP_CONNECTIONS, HTTP_CONNECTIONS_LIMIT, log, start_at_zero

MAX_HELD_BYTES: Final = 16 * 1024 * 1024
"""Limit of the bytes that all connections of a port hold: of responses not sent, and of requests not processed yet."""

SWEEP_SECONDS: Final = 1.0
PATIENCE_SECONDS: Final = 1.0
"""How long a connection may wait for a complete request before it is closed rather than one that does not read."""

CLOSE_REASONS: Final = ("limit", "held_bytes", "not_reading", "head_timeout", "idle_timeout")
"""Why the server closes a connection, as the metric names it."""

_log = log(__name__)


class Connection(Protocol):
    """A connection, as far as it can be closed for the sake of the others."""

    @property
    def held_bytes(self) -> int:
        """The bytes of responses that are not sent and of requests that are not processed yet."""

    def abort(self) -> None:
        """Close the connection at once."""

    def check(self, now: float) -> None:
        """Close the connection if a deadline is over; `now` is the event loop's time in seconds."""


class Connections:
    """The connections of the port with this name; `most` is the maximum.

    At the maximum, a connection that waits for a complete request, or for a client that reads, is closed to admit a new
    one.
    """

    def __init__(
        self,
        port: str,
        most: int,
        *,
        max_held: int = MAX_HELD_BYTES,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.most: Final = most
        self._port = port
        self._max_held = max_held
        self._monotonic = monotonic
        self._open: set[Connection] = set()
        # Those without a complete request, with the time since when; the one that has waited longest comes first.
        self._incomplete: dict[Connection, float] = {}
        # Those that held bytes at the last check, the oldest first.
        self._holding: dict[Connection, None] = {}
        self._log_limit = LogLimit()
        self._gauge = HTTP_CONNECTIONS.labels(port)
        HTTP_CONNECTIONS_LIMIT.labels(port).set(most)
        start_at_zero(HTTP_CLOSED, (port,), CLOSE_REASONS)

    def __len__(self) -> int:
        return len(self._open)

    def add(self, connection: Connection) -> None:
        """Admit a new connection; close another one, or this one, if there are too many."""
        self._open.add(connection)
        self._incomplete[connection] = self._monotonic()
        if len(self._open) > self.most:
            self._log("http_connections_at_limit", maximum=self.most)
            self.close(self._least_useful(), "limit")
        self._gauge.set(len(self._open))

    def remove(self, connection: Connection) -> None:
        """Forget a connection that is closed."""
        self._open.discard(connection)
        self._incomplete.pop(connection, None)
        self._holding.pop(connection, None)
        self._gauge.set(len(self._open))

    def close(self, connection: Connection, reason: str) -> None:
        """Close a connection at once; the reason is a label of the metric."""
        self.count(reason)
        self.remove(connection)
        connection.abort()

    def count(self, reason: str) -> None:
        """Count a connection that the server closes."""
        HTTP_CLOSED.labels(self._port, reason).inc()

    def has_request(self, connection: Connection) -> None:
        """Record that a request is complete: the connection is not closed to admit a new one."""
        self._incomplete.pop(connection, None)

    def awaits_request(self, connection: Connection) -> None:
        """Record that the connection waits for a request from now on."""
        if connection in self._open:
            self._incomplete[connection] = self._monotonic()

    def holds(self, connection: Connection) -> None:
        """Record that the connection holds bytes. While there are too many, the one that holds most is closed."""
        self._holding[connection] = None
        held = {holder: size for holder in self._holding if (size := holder.held_bytes)}
        self._holding = dict.fromkeys(held)
        total = sum(held.values())
        # A single response may be longer than the limit.
        while total > self._max_held and len(held) > 1:
            greatest = max(held, key=lambda holder: held[holder])
            total -= held.pop(greatest)
            self._log("http_connections_hold_too_many_bytes", maximum=self._max_held)
            self.close(greatest, "held_bytes")

    def _least_useful(self) -> Connection:
        """Return the connection to close for a new one.

        It has waited long for a request, or its client does not read, or it has waited longest for a request. A
        request usually follows its connection at once.
        """
        oldest, since = next(iter(self._incomplete.items()))
        if self._monotonic() - since > PATIENCE_SECONDS:
            return oldest
        return next((holder for holder in self._holding if holder.held_bytes), oldest)

    async def sweep(self) -> None:
        """Check the deadlines of all connections periodically until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            now = loop.time()
            for connection in list(self._open):
                connection.check(now)

    def _log(self, event: str, **values: int) -> None:
        if self._log_limit.allows(event):
            _log.warning(event, port=self._port, **values)


def within_descriptors(most: int, share: float) -> int:
    """Return the maximum number of connections, at most this share of the descriptors that the process may open."""
    descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return most if descriptors == resource.RLIM_INFINITY else max(1, min(most, int(descriptors * share)))
