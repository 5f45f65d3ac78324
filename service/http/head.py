"""The head of a request: limits for the request line and the headers, which are counted while the bytes arrive.

The application sees a request only after its last header. A request that exceeds a limit, or is not HTTP, gets a
problem, and the connection is closed.
"""

import secrets
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service.http.problem import Error, HttpProblem, response
from service.telemetry import HTTP_MALFORMED

MAX_HEAD_BYTES: Final = 32_768
"""Limit of the request line and the headers, as far as they span several reads; the rest is checked when complete."""

MAX_HEADERS: Final = 100
MAX_URL_BYTES: Final = 32_768

_NOT_HTTP: Final = "The request is not valid HTTP/1.1. In the URL, characters other than ASCII must be percent-encoded."
_NO_HOST: Final = "A request must have exactly one Host header."
_TOO_LARGE: Final = f"The headers must not exceed {MAX_HEAD_BYTES} bytes and {MAX_HEADERS} headers."
_URL_TOO_LONG: Final = f"The URL must not exceed {MAX_URL_BYTES} bytes."


class _Refused(Exception):
    """The request is refused; `HeadProtocol.refusal` has the problem."""


class HeadProtocol(HttpToolsProtocol):
    """The protocol of uvicorn with limits of the head."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.refusal: HttpProblem | None = None
        self._requests = 0
        self._in_head = True
        self._head_bytes = 0
        # Whether the connection ends, and nothing that arrives matters any more.
        self._ended = False

    def end(self) -> None:
        """End the connection; the subclass decides when it is closed."""
        self._ended = True

    def data_received(self, data: bytes) -> None:
        """Count the bytes of a head that does not end with this data."""
        requests = self._requests
        super().data_received(data)
        if self._in_head and requests == self._requests and not self._ended:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self.refusal = HttpProblem(431, [Error("headers-too-large", _TOO_LARGE)])
                self.send_400_response("")

    def on_message_begin(self) -> None:
        """Begin to count."""
        super().on_message_begin()
        self._requests += 1
        self._in_head, self._head_bytes = True, 0

    def on_url(self, url: bytes) -> None:
        """Check the length of the URL."""
        super().on_url(url)
        if len(self.url) > MAX_URL_BYTES:
            self._refuse(414, "query-too-large", _URL_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Check the number of headers."""
        super().on_header(name, value)
        if len(self.headers) > MAX_HEADERS:
            self._refuse(431, "headers-too-large", _TOO_LARGE)

    def on_headers_complete(self) -> None:
        """Check the Host header, and pass the request on."""
        self._in_head = False
        hosts = sum([name == b"host" for name, _ in self.headers])
        if hosts > 1 or (hosts == 0 and self.parser.get_http_version() == "1.1"):
            self._refuse(400, "bad-request", _NO_HOST)
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Send the problem and close the connection; the request has no scope yet, so the path is unknown."""
        HTTP_MALFORMED.inc()
        answer = response(self.refusal or HttpProblem(400, [Error("bad-request", _NOT_HTTP)]), "/")
        answer.headers["x-request-id"] = secrets.token_hex(16)
        answer.headers["x-content-type-options"] = "nosniff"
        answer.headers["connection"] = "close"
        lines = [b"HTTP/1.1 %d Refused" % answer.status_code, *(b"%b: %b" % header for header in answer.raw_headers)]
        self.transport.write(b"\r\n".join([*lines, b"", b""]) + bytes(answer.body))
        self.end()

    def _refuse(self, status: int, code: str, message: str) -> None:
        self.refusal = HttpProblem(status, [Error(code, message)])
        # The parser stops, and the base class calls `send_400_response`.
        raise _Refused

    def _unsupported_upgrade_warning(self) -> None:
        """Ignore the offer of another protocol, as HTTP allows: clients offer HTTP/2 on each new connection."""
