"""Read a key set from a file or an http(s) URL, with one deadline for everything that can take time."""

import http.client
import io
import os
import select
import socket
import stat
import time
import urllib.request
from contextlib import ExitStack
from functools import partial
from typing import Any, Final

from service.version import VERSION

FETCH_SECONDS: Final = 5.0
MAX_BYTES: Final = 1 << 20

# Firewalls of identity providers refuse the default user agent of Python.
_REQUEST_HEADERS: Final = {"User-Agent": f"producer-registry/{VERSION}", "Accept": "application/json"}


class KeySourceTimeout(TimeoutError):
    """The source did not send all keys in time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no complete response within {seconds:g} s")


def read_source(source: str, seconds: float = FETCH_SECONDS) -> bytes:
    """Read a JWKS file or URL. It ends after `seconds`, unless the resolution of a name or a network disk takes longer.

    Raises OSError (including urllib's errors and KeySourceTimeout), ValueError or HTTPException.
    """
    deadline = _Deadline(seconds)
    is_url = source.startswith(("http://", "https://"))
    try:
        raw = _read_url(source, deadline) if is_url else _read_file(source, deadline)
    except OSError as error:
        if deadline.passed:
            # The text of the original error depends on what happened to be in progress.
            raise KeySourceTimeout(seconds) from error
        raise
    if len(raw) > MAX_BYTES:
        raise ValueError("the key set is too large")
    return raw


class _Deadline:
    """The end of a fetch; `opened` closes everything that was opened for it, redirects and errors included."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self.opened = ExitStack()

    @property
    def passed(self) -> bool:
        return time.monotonic() >= self._end

    def left(self) -> float:
        """Return the seconds that are left. Raises TimeoutError if there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def _read_file(path: str, deadline: _Deadline) -> bytes:
    raw = b""
    # Without O_NONBLOCK, to open a named pipe means to wait for its writer.
    with open(path, "rb", buffering=0, opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        is_regular = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
        poll = select.poll()
        poll.register(file, select.POLLIN)
        while len(raw) <= MAX_BYTES:
            chunk = file.read(MAX_BYTES + 1)
            if chunk:
                raw += chunk
                continue
            if chunk == b"" and (raw or is_regular):
                break
            # A pipe that has no writer yet, or whose writer has sent nothing more yet.
            events = poll.poll(deadline.left() * 1000)
            if events == [(file.fileno(), select.POLLHUP)]:
                break
    return raw


def _read_url(url: str, deadline: _Deadline) -> bytes:
    opener = urllib.request.OpenerDirector()
    # The default handlers without those of other schemes, to which a redirect could lead.
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
        _Handler(deadline),
    ):
        opener.add_handler(handler)
    request = urllib.request.Request(url, headers=_REQUEST_HEADERS)  # noqa: S310  # the caller checks the scheme
    with deadline.opened:
        raw: bytes = opener.open(request, timeout=deadline.left()).read(MAX_BYTES + 1)
    return raw


class _Handler(urllib.request.HTTPSHandler, urllib.request.HTTPHandler):
    """Opens http and https URLs. urllib's own time-out is one for each operation of a socket."""

    def __init__(self, deadline: _Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(_HttpConnection, self._deadline), req)

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(_HttpsConnection, self._deadline), req)


class _Response(http.client.HTTPResponse):
    def __init__(self, deadline: _Deadline, sock: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self.fp = io.BufferedReader(_Bytes(sock, self.fp.detach(), deadline))
        deadline.opened.callback(self.close)


class _Bytes(io.RawIOBase):
    """The bytes of a response. No read waits beyond the deadline, and none begins after it."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase, deadline: _Deadline) -> None:
        self._sock = sock
        self._raw = raw
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> Any:
        self._sock.settimeout(self._deadline.left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _HttpConnection(http.client.HTTPConnection):
    def __init__(self, deadline: _Deadline, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        _limit(self, deadline)


class _HttpsConnection(http.client.HTTPSConnection):
    def __init__(self, deadline: _Deadline, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        _limit(self, deadline)


def _limit(connection: Any, deadline: _Deadline) -> None:
    """Let the connection be established and its responses be read before the deadline."""
    connection.response_class = partial(_Response, deadline)
    # The library calls this attribute to connect; there is no public option for it.
    connection._create_connection = partial(_connect, deadline)


def _connect(deadline: _Deadline, address: tuple[str, int], *_: object) -> socket.socket:
    host, port = address
    addresses = [found[4] for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    failure = OSError(f"{host} has no address")
    for number, where in enumerate(addresses):
        # An address that does not answer must leave time for the others.
        share = deadline.left() / (len(addresses) - number)
        try:
            connected = socket.create_connection((str(where[0]), int(where[1])), share)
        except OSError as error:
            failure = error
            continue
        deadline.opened.callback(connected.close)
        # A TLS handshake takes over this time-out, as one for all its steps.
        connected.settimeout(deadline.left())
        return connected
    raise failure
