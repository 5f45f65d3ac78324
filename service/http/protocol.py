"""The HTTP protocol of uvicorn, with a problem as the response to a request that is not HTTP."""

import secrets
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service.http.problem import Error, HttpProblem, response

_MESSAGE: Final = "The request is not valid HTTP/1.1. In the URL, characters other than ASCII must be percent-encoded."


class Protocol(HttpToolsProtocol):
    """The protocol of one connection."""

    def send_400_response(self, msg: str) -> None:
        """Send the problem and close the connection; the request has no scope yet, so the path is unknown."""
        answer = response(HttpProblem(400, [Error("bad-request", _MESSAGE)]), "/")
        answer.headers["x-request-id"] = secrets.token_hex(16)
        answer.headers["x-content-type-options"] = "nosniff"
        answer.headers["connection"] = "close"
        lines = [b"HTTP/1.1 400 Bad Request", *(b"%b: %b" % header for header in answer.raw_headers), b"", b""]
        self.transport.write(b"\r\n".join(lines) + bytes(answer.body))
        self.transport.close()

    def _unsupported_upgrade_warning(self) -> None:
        """Ignore the offer of another protocol, as HTTP allows: clients offer HTTP/2 on each new connection."""
