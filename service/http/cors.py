"""Requests of browsers from other origins (CORS): preflight requests and headers."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import Scope, Send

from service.http.problem import Error, HttpProblem

_REQUEST_HEADERS: Final = (
    "authorization", "content-type", "gw-dbtransaction-id", "idempotency-key", "if-match", "if-none-match", "prefer",
    "traceparent", "tracestate", "x-request-id",
)  # fmt: skip
_EXPOSED: Final = (
    "ETag", "Idempotency-Key", "Idempotent-Replayed", "Link", "Location", "Retry-After", "WWW-Authenticate",
    "X-Request-Id",
)  # fmt: skip


class Cors(CORSMiddleware):
    """Starlette's CORS within the service's own middleware, so that each response has CORS headers and a request id.

    `origins` are those that may read responses, `methods` the methods that the API has.
    """

    def __init__(self, origins: Sequence[str], methods: Sequence[str]) -> None:
        super().__init__(
            _no_app,
            allow_origins=origins,
            allow_methods=methods,
            allow_headers=_REQUEST_HEADERS,
            expose_headers=_EXPOSED,
        )

    def sender(self, scope: Scope, send: Send) -> Send:
        """Return `send` with the headers of a response to this request."""
        return partial(self.send, send=send, request_headers=Headers(scope=scope))

    def preflight(self, scope: Scope) -> Response | None:
        """Return the response to a preflight request, None for another request. Raises HttpProblem if not allowed."""
        headers = Headers(scope=scope)
        if scope["method"] != "OPTIONS" or "origin" not in headers or "access-control-request-method" not in headers:
            return None
        answer = self.preflight_response(headers)
        if answer.status_code >= 400:
            raise HttpProblem(400, [Error("not-allowed-by-cors", f"{bytes(answer.body).decode()}.")])
        return answer


async def _no_app(*_: object) -> None:
    raise AssertionError("only the methods of the middleware are used")
