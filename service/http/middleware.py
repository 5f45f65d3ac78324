"""The outermost layer: sizes, time, number of requests, request ids, and a problem for everything that goes wrong."""

import asyncio
import re
import secrets
import time
from collections.abc import Iterable, Mapping
from typing import Final

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.operation import BytesRoute
from service.http.problem import Error, HttpProblem, response, unavailable
from service.resource_exhaustion import is_resource_exhaustion
from service.telemetry import HTTP_IN_FLIGHT, HTTP_SECONDS, log

MAX_HEADER_BYTES: Final = 32_768
MAX_QUERY_BYTES: Final = 16_384

_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._:/+=-]{1,128}")
_log = log(__name__)


class RequestMiddleware:
    """Wraps the application; `max_body` in bytes, `timeout` in seconds, `concurrency` in requests at the same time.

    A GET of a `direct` path goes to its route at once: the way through the application costs as much as its answer.
    """

    def __init__(
        self, app: ASGIApp, *, max_body: int, timeout: float, concurrency: int, direct: Mapping[str, BytesRoute]
    ) -> None:
        self._app = app
        self._direct = direct
        self._max_body = max_body
        self._timeout = timeout
        self._concurrency = concurrency
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; nothing but the server's own trouble is ever raised."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, send)
        begin = time.monotonic()
        self._in_flight += 1
        HTTP_IN_FLIGHT.inc()
        bound = structlog.contextvars.bind_contextvars(request_id=exchange.request_id)
        try:
            await self._answer(exchange, receive)
        finally:
            structlog.contextvars.reset_contextvars(**bound)
            self._in_flight -= 1
            HTTP_IN_FLIGHT.dec()
            labels = (scope["method"], exchange.route, str(exchange.status))
            HTTP_SECONDS.labels(*labels).observe(time.monotonic() - begin)

    async def _answer(self, exchange: "_Exchange", receive: Receive) -> None:
        try:
            # Before anything waits for a connection: the pool serves those who are in, the others come again.
            if self._in_flight > self._concurrency:
                raise unavailable("Too many requests at the same time.")
            self._check_sizes(exchange.scope)
            async with asyncio.timeout(self._timeout):
                await self._pass_on(exchange, self._counted(receive))
        except HttpProblem as refused:
            await exchange.refuse(refused)
        except TimeoutError:
            _log.warning("a request took too long", path=exchange.scope["path"])
            await exchange.refuse(unavailable("The answer took too long."))
        except asyncio.CancelledError:
            # The server's time to end is over; without an answer of ours it would say that something went wrong.
            await exchange.refuse(unavailable("The service is stopping."))
            raise
        except Exception as error:
            if is_resource_exhaustion(error):
                _log.warning("a request found too few resources", path=exchange.scope["path"], error=repr(error))
                await exchange.refuse(unavailable("The service is short of resources."))
                return
            # The caller learns the request id and nothing else.
            _log.exception("a request failed", path=exchange.scope["path"])
            await exchange.refuse(HttpProblem(500, [Error("internal", "Something went wrong here.")]))

    async def _pass_on(self, exchange: "_Exchange", receive: Receive) -> None:
        scope = exchange.scope
        route = self._direct.get(scope["path"])
        if route is None or scope["method"] != "GET" or scope.get("root_path"):
            await self._app(scope, receive, exchange.send)
            return
        scope["route"], scope["path_params"] = route, {}
        answer = await route.endpoint(Request(scope, receive))
        await answer(scope, receive, exchange.send)

    def _check_sizes(self, scope: Scope) -> None:
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        if sum([len(name) + len(value) for name, value in headers]) > MAX_HEADER_BYTES:
            raise HttpProblem(431, [Error("headers-too-large", f"Headers may have {MAX_HEADER_BYTES} bytes together.")])
        if len(scope["query_string"]) > MAX_QUERY_BYTES:
            raise HttpProblem(414, [Error("query-too-large", f"The query may have {MAX_QUERY_BYTES} bytes.")])
        length = _header(headers, b"content-length")
        if length is not None and (not length.isdigit() or len(length) > 18 or int(length) > self._max_body):
            raise self._too_large()

    def _counted(self, receive: Receive) -> Receive:
        """Receive, until the body is longer than allowed."""
        left = self._max_body

        async def counted() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise self._too_large()
            return message

        return counted

    def _too_large(self) -> HttpProblem:
        return HttpProblem(413, [Error("body-too-large", f"A body may have {self._max_body} bytes.")])


class _Exchange:
    """A request and its answer: HEAD is answered as GET without the body, every answer has the request's id."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._send = send
        self._without_body = scope["method"] == "HEAD"
        self.scope = {**scope, "method": "GET"} if self._without_body else scope
        wanted = _header(scope["headers"], b"x-request-id")
        fitting = wanted is not None and _REQUEST_ID.fullmatch(wanted)
        self.request_id = wanted.decode() if wanted is not None and fitting else secrets.token_hex(16)
        self.status = 0

    @property
    def route(self) -> str:
        """The template of the path, so that ids do not become labels of a metric."""
        return getattr(self.scope.get("route"), "path", "none")

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = [(b"x-request-id", self.request_id.encode()), (b"x-content-type-options", b"nosniff")]
            message["headers"] = [*message.get("headers", ()), *own]
        elif self._without_body and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self._send(message)

    async def refuse(self, refused: HttpProblem) -> None:
        if self.status:
            # Half an answer is out already; the server cuts the connection, which tells the caller.
            raise refused
        await response(refused, self.scope["path"])(self.scope, _nothing, self.send)


def _header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes | None:
    return next((value for key, value in headers if key == name), None)


async def _nothing() -> Message:
    return {"type": "http.disconnect"}
