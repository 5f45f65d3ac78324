"""The HTTP protocol of one connection, with limits for clients that send or read too slowly, or not at all.

Requests that a client sends without waiting for the responses are parsed and processed one at a time. The request in
progress is cancelled when its client disconnects.
"""

import asyncio
import math
import socket
import struct
from collections.abc import Callable
from typing import Any, Final, cast

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from service.http.connections import Connections
from service.http.head import HeadProtocol

HEAD_SECONDS: Final = 10.0
"""The time for the headers of a request, and for the first byte of a new connection."""

IDLE_SECONDS: Final = 30.0
"""How long a connection may be idle between two requests."""

STALL_SECONDS: Final = 5.0
MIN_READ_BYTES: Final = 4_096
"""A client that keeps responses waiting must read so many bytes in STALL_SECONDS."""

LINGER_SECONDS: Final = 2.0
"""How long a client that still sends may read the last response: a closed socket would discard it."""

MAX_DISCARDED_BYTES: Final = 65_536
"""What is read and ignored in this time."""

PIECE_BYTES: Final = 4_096
"""The parser gets at most so many bytes at a time, and none that follow the end of a head."""

MAX_UNREAD_BYTES: Final = 16_384
"""Nothing is read while more bytes wait for the end of the request in progress."""

MAX_UNSENT_BYTES: Final = 16_384
"""A response waits until fewer bytes of those before it are unsent."""

UNCOUNTED_BYTES: Final = 4_096
"""A connection that holds so few bytes of requests is not counted: nearly all requests do, and all have a limit."""

_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_END_OF_HEAD: Final = b"\r\n\r\n"
_RESET: Final = struct.pack("ii", 1, 0)


class _Output:
    """What a response is written to. Its head is sent together with the first part of its body, in one system call.

    A head that is sent alone wakes up the client, which then takes the processor from the service on a busy machine.
    """

    def __init__(self, transport: asyncio.Transport, end: Callable[[], None]) -> None:
        self._transport = transport
        self._head = b""
        self._begun = False
        self.is_closing = transport.is_closing
        self.end = end
        """How the connection ends with the response."""

    def write(self, data: bytes) -> None:
        """Write the head of a response, a part of its body, or a preliminary response."""
        if data == _CONTINUE:
            self._transport.write(data)
        elif not self._begun:
            self._begun, self._head = True, data
        elif self._head:
            self._transport.writelines((self._head, data))
            self._head = b""
        else:
            self._transport.write(data)

    def flush(self) -> None:
        """Send a head without a body, as in the response to HEAD."""
        if self._head:
            self._transport.write(self._head)
            self._head = b""

    def close(self) -> None:
        """End the connection; an incomplete response may have no body yet."""
        self.flush()
        self.end()


class Protocol(HeadProtocol):
    """The protocol of one connection; `among` are the connections of its port."""

    def __init__(self, *arguments: Any, among: Connections, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._among = among
        # The request in progress. Another one may have been parsed after it.
        self._current: tuple[RequestResponseCycle, asyncio.Task[None]] | None = None
        # Received bytes, which are not parsed yet from this position on.
        self._unread, self._position = b"", 0
        self._discarded = 0
        # Whether the connection stays open after the response, if the request is complete by then.
        self._keep_alive = False
        self._deadline, self._reason = math.inf, ""
        # The time of the next check whether the client reads, and the unsent bytes before it.
        self._next_check, self._unsent = math.inf, 0

    @property
    def held_bytes(self) -> int:
        """The bytes of responses that are not sent and of requests that are not processed yet."""
        return self.transport.get_write_buffer_size() + len(self._unread) - self._position + self._body_bytes

    def abort(self) -> None:
        """Close the connection at once; the operating system discards what the client did not read."""
        connection = self.transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.transport.abort()

    def check(self, now: float) -> None:
        """Close the connection if a deadline is over; `now` is the event loop's time."""
        if now >= self._deadline:
            if self._ended:
                self.abort()
            elif not self._busy:
                self._among.count(self._reason)
                self._close()
        elif now >= self._next_check:
            unsent = self.transport.get_write_buffer_size()
            if unsent > self._unsent - MIN_READ_BYTES:
                self._among.close(self, "not_reading")
            self._next_check, self._unsent = now + STALL_SECONDS, unsent

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Expect the first request in time."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=MAX_UNSENT_BYTES)
        self._expect(HEAD_SECONDS, "head_timeout")
        self._among.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the request in progress: nobody waits for its response."""
        self._among.remove(self)
        self._ended, self._unread, self._position = True, b"", 0
        super().connection_lost(exc)
        # Garbage is collected rarely: nothing of a closed connection may refer to itself.
        if self._last is not None:
            self._last.transport = self.transport
        if self._current is not None and not self._current[0].response_complete:
            cycle, task = self._current
            cycle.disconnected = True
            cycle.scope["state"]["disconnected"] = True
            task.cancel()

    def data_received(self, data: bytes) -> None:
        """Parse the data, as far as no complete request is in progress."""
        if self._ended:
            self._discarded += len(data)
            if self._discarded > MAX_DISCARDED_BYTES:
                self.flow.pause_reading()
            return
        self._unread, self._position = self._unread[self._position :] + data if self._unread else data, 0
        self._parse()
        if len(self._unread) + self._body_bytes > UNCOUNTED_BYTES:
            self._among.holds(self)

    def on_message_begin(self) -> None:
        """Expect the headers in time."""
        super().on_message_begin()
        self._expect(HEAD_SECONDS, "head_timeout")

    def on_headers_complete(self) -> None:
        """Pass the request on; a response that is sent before the body is complete ends the connection."""
        super().on_headers_complete()
        self._deadline = math.inf
        self._keep_alive, self.cycle.keep_alive = self.cycle.keep_alive, False
        self.cycle.transport = cast("asyncio.Transport", _Output(self.transport, self.end))

    def on_message_complete(self) -> None:
        """Let the connection stay open after the response."""
        super().on_message_complete()
        if not self.cycle.response_started:
            self.cycle.keep_alive = self._keep_alive
            cast("_Output", self.cycle.transport).end = self.transport.close
        self._among.has_request(self)

    def on_response_complete(self) -> None:
        """Go on with the next request, or wait for one."""
        if self._current is not None and isinstance(output := self._current[0].transport, _Output):
            output.flush()
        if self._ended:
            return
        if self.transport.is_closing():
            self._expect_end()
        elif self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        else:
            self._expect(IDLE_SECONDS, "idle_timeout")
            self._among.awaits_request(self)
            if self._unread:
                self.loop.call_soon(self._parse)
            else:
                self.flow.resume_reading()

    def pause_writing(self) -> None:
        """Begin to check whether the client reads."""
        super().pause_writing()
        self._check_reading()
        self._among.holds(self)

    def resume_writing(self) -> None:
        """End the checks."""
        super().resume_writing()
        if not self._ended:
            self._next_check = math.inf

    def shutdown(self) -> None:
        """End the connection after the request in progress, also if its body is still on its way."""
        self._keep_alive = False
        super().shutdown()

    def end(self) -> None:
        """End the connection while the client may still send; it gets time to read what was written."""
        super().end()
        self._unread, self._position = b"", 0
        self._deadline = self.loop.time() + LINGER_SECONDS
        self.transport.write_eof()
        self.flow.resume_reading()

    @property
    def _last(self) -> RequestResponseCycle | None:
        """The last request that was parsed; uvicorn's type does not tell that there may be none yet."""
        return self.cycle

    @property
    def _body_bytes(self) -> int:
        return 0 if self._last is None else len(self._last.body)

    @property
    def _busy(self) -> bool:
        """Whether a complete request is in progress."""
        return self._last is not None and not self._last.response_complete and not self._last.more_body

    def _parse(self) -> None:
        while self._unread and not self._busy and not self._ended:
            begin = self._position
            end = self._unread.find(_END_OF_HEAD, begin, begin + PIECE_BYTES)
            self._position = begin + PIECE_BYTES if end < 0 else end + len(_END_OF_HEAD)
            piece = self._unread[begin : self._position]
            if self._position >= len(self._unread):
                self._unread, self._position = b"", 0
            super().data_received(piece)
        # While nothing is read, nobody notices that the client disconnects.
        if len(self._unread) - self._position > MAX_UNREAD_BYTES:
            self.flow.pause_reading()
        elif self._busy:
            self.flow.resume_reading()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        task = self.loop.create_task(cycle.run_asgi(app))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)
        self._current = cycle, task

    def _close(self) -> None:
        self.transport.close()
        self._expect_end()

    def _expect_end(self) -> None:
        """Check whether the client reads what is left to send; a transport waits for that without a limit."""
        self._ended, self._deadline = True, math.inf
        self._check_reading()

    def _expect(self, seconds: float, reason: str) -> None:
        self._deadline, self._reason = self.loop.time() + seconds, reason

    def _check_reading(self) -> None:
        self._next_check, self._unsent = self.loop.time() + STALL_SECONDS, self.transport.get_write_buffer_size()
