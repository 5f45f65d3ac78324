"""Accepts the connections of a port, and opens those with a complete request first.

To open a connection takes ten times as long as to accept it. The event loop itself accepts one per turn. While batches
of commands are decided, a turn is long. While thousands of connections without a request arrive, a request must not
wait until all of them are open.
"""

import asyncio
import selectors
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from typing import Final, cast

from service.log_condition import LogCondition
from service.telemetry import log

MIN_OPENED: Final = 2
"""How many connections without a complete request are opened in each turn of the event loop."""

OPENED_PER_SECOND: Final = 1_000
"""How many more are opened for each second of work since the turn before."""

PEEK_BYTES: Final = 4_096
PAUSE_SECONDS: Final = 0.2
"""How long no connection is accepted when the process is out of descriptors."""

_END_OF_HEAD: Final = b"\r\n\r\n"
_log = log(__name__)


class Acceptor:
    """Accepts the connections of a listening socket, and calls `open_` with each of them, which must not raise.

    At most `most` accepted connections are not open yet; the operating system keeps the others.
    """

    def __init__(self, listener: socket.socket, open_: Callable[[socket.socket], None], most: int) -> None:
        self._listener = listener
        self._most = most
        self._open = open_
        # The oldest comes first.
        self._waiting: dict[socket.socket, None] = {}
        # Those of them from which nothing has been received.
        self._silent = selectors.DefaultSelector()
        self._scheduled: asyncio.Handle | None = None
        self._worked = 0.0
        self._refused = LogCondition(_log, "connections_not_accepted", "connections_accepted_again")
        self._is_open = False

    def start(self) -> None:
        """Begin to accept connections on the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._is_open = True
        self._listener.setblocking(False)
        self._resume()

    def stop(self) -> None:
        """Accept no more connections; those that have no complete request are closed."""
        self._is_open = False
        self._loop.remove_reader(self._listener)
        if self._scheduled is not None:
            self._scheduled.cancel()
        self._silent.close()
        for each in self._waiting:
            each.close()
        self._waiting.clear()

    def _resume(self) -> None:
        if self._is_open:
            self._loop.add_reader(self._listener, self._accept)

    def _accept(self) -> None:
        while len(self._waiting) < self._most:
            try:
                accepted = self._listener.accept()[0]
            except BlockingIOError:
                break
            except ConnectionAbortedError:
                continue
            except OSError as error:
                self._refused.lasts(error=str(error))
                self._loop.remove_reader(self._listener)
                self._loop.call_later(PAUSE_SECONDS, self._resume)
                break
            self._refused.ended()
            self._waiting[accepted] = None
            # Without it, the connection is opened in its turn.
            with suppress(OSError):
                self._silent.register(accepted, selectors.EVENT_READ)
        if self._scheduled is None:
            self._open_some()

    def _open_some(self) -> None:
        # The time of waiting for input does not count.
        worked = time.thread_time()
        count = opened(worked - self._worked)
        self._worked = worked
        for key, _ in self._silent.select(0):
            each = cast("socket.socket", key.fileobj)
            has_request = _has_request(each)
            if has_request is False:
                self._silent.unregister(each)
                continue
            self._remove(each)
            if has_request:
                self._open(each)
            else:
                each.close()
        for each in list(islice(self._waiting, count)):
            self._remove(each)
            self._open(each)
        self._scheduled = self._loop.call_soon(self._open_some) if self._waiting else None

    def _remove(self, connection: socket.socket) -> None:
        del self._waiting[connection]
        if connection in self._silent.get_map():
            self._silent.unregister(connection)


def opened(worked: float) -> int:
    """Return how many connections without a complete request to open after so many seconds of work."""
    return MIN_OPENED + int(worked * OPENED_PER_SECOND)


def _has_request(connection: socket.socket) -> bool | None:
    """Return whether the head of a request has arrived, None if the client is gone."""
    try:
        received = connection.recv(PEEK_BYTES, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return None
    if not received:
        return None
    return len(received) == PEEK_BYTES or _END_OF_HEAD in received
