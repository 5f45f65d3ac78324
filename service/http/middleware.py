"""The outermost layer: size limits, timeout, request ids, and a problem for every error."""

import asyncio
import re
import secrets
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.contract.trace import trace_id
from service.core.problem import shortened
from service.http.base_path import BasePaths, public_path
from service.http.cors import Cors
from service.http.operation import BytesRoute
from service.http.pace import Pace
from service.http.problem import MAX_PATH, Error, HttpProblem, body_too_large, not_found, response, unavailable
from service.http.write_request import given_key
from service.log_limit import LogLimit
from service.resource_exhaustion import is_resource_exhaustion
from service.telemetry import HTTP_IN_FLIGHT, HTTP_SECONDS, log

MAX_HEADER_BYTES: Final = 32_768
MAX_QUERY_BYTES: Final = 16_384
MANY_PARAMETERS: Final = 100
MANY_PARAMETERS_SECONDS: Final = 0.002
"""In this time one request with more parameters is processed; requests with thousands take long to refuse."""

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
"""The methods that metrics name; the caller chooses the method, so all others count as `other`."""
DISCONNECTED: Final = 499
"""The status that metrics have for a request whose client disconnected before the response, as in nginx."""

_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._:/+=-]{1,128}")
_log = log(__name__)


class RequestMiddleware:
    """Middleware with limits: `max_body` in bytes, `timeout` in seconds.

    A request with a `direct` method and path bypasses the application: routing costs as much as the response of a read.
    `base_paths` and `cors` are None when they are not configured.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_body: int,
        timeout: float,
        direct: Mapping[tuple[str, str], BytesRoute],
        base_paths: BasePaths | None = None,
        cors: Cors | None = None,
    ) -> None:
        self._app = app
        self._direct = direct
        self._max_body = max_body
        self._timeout = timeout
        self._base_paths = base_paths
        self._cors = cors
        self._log_limit = LogLimit()
        self._pace = Pace(1, MANY_PARAMETERS_SECONDS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; only errors of the server itself are raised."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._cors is not None:
            send = self._cors.sender(scope, send)
        exchange = _Exchange(scope, send)
        if self._base_paths is not None:
            exchange.scope["base_path"] = self._base_paths.of(scope)
        begin = time.monotonic()
        HTTP_IN_FLIGHT.inc()
        bound = structlog.contextvars.bind_contextvars(request_id=exchange.request_id, **trace_id(scope["headers"]))
        try:
            await self._answer(exchange, receive)
        finally:
            structlog.contextvars.reset_contextvars(**bound)
            HTTP_IN_FLIGHT.dec()
            method = scope["method"] if scope["method"] in METHODS else "other"
            labels = (method, exchange.route, str(exchange.status))
            HTTP_SECONDS.labels(*labels).observe(time.monotonic() - begin)
        await exchange.finish()

    async def _answer(self, exchange: "_Exchange", receive: Receive) -> None:
        try:
            if exchange.scope["method"] != "GET":
                with suppress(HttpProblem):
                    # For responses that no operation makes.
                    exchange.scope["idempotency_key"] = given_key(exchange.scope)
            self._check_sizes(exchange.scope)
            async with asyncio.timeout(self._timeout) as limit:
                # Requests that wait for the outcome of a command get more time.
                exchange.scope["time_limit"] = limit
                if exchange.scope["query_string"].count(b"&") >= MANY_PARAMETERS:
                    await self._pace.turn()
                await self._forward(exchange, self._counted(receive))
        except HttpProblem as refused:
            await exchange.refuse(refused)
        except TimeoutError:
            if self._log_limit.allows("time-out"):
                _log.warning("request_timed_out", path=exchange.path)
            await exchange.refuse(unavailable(_with_consequence("The request timed out.", exchange)))
        except asyncio.CancelledError:
            if exchange.scope.get("state", {}).get("disconnected"):
                exchange.status = DISCONNECTED
                return
            # The shutdown deadline of the server is over; without this response the caller would get an internal error.
            await exchange.refuse(unavailable(_with_consequence("The service is shutting down.", exchange)))
        except Exception as error:
            if is_resource_exhaustion(error):
                if self._log_limit.allows("resources"):
                    _log.warning("request_out_of_resources", path=exchange.path, error=repr(error))
                await exchange.refuse(unavailable(_with_consequence("The service is out of resources.", exchange)))
                return
            # The caller gets the request id and no other details.
            _log.exception("request_failed", path=exchange.path)
            message = _with_consequence("An internal error occurred.", exchange)
            await exchange.refuse(HttpProblem(500, [Error("internal", message)]))

    async def _forward(self, exchange: "_Exchange", receive: Receive) -> None:
        scope = exchange.scope
        if self._cors is not None and (preflight := self._cors.preflight(scope)) is not None:
            await preflight(scope, receive, exchange.send)
            return
        route = self._direct.get((scope["method"], scope["path"]))
        if route is None or scope.get("root_path"):
            await self._app(scope, receive, exchange.send)
            return
        scope["route"], scope["path_params"] = route, {}
        answer = await route.endpoint(Request(scope, receive))
        await answer(scope, receive, exchange.send)

    def _check_sizes(self, scope: Scope) -> None:
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        if sum([len(name) + len(value) for name, value in headers]) > MAX_HEADER_BYTES:
            raise HttpProblem(
                431, [Error("headers-too-large", f"The headers must not exceed {MAX_HEADER_BYTES} bytes.")]
            )
        if len(scope["query_string"]) > MAX_QUERY_BYTES:
            raise HttpProblem(414, [Error("query-too-large", f"The query must not exceed {MAX_QUERY_BYTES} bytes.")])
        # No id contains a slash, and other programs read an encoded one in different ways.
        if b"%2f" in scope.get("raw_path", b"").lower():
            raise not_found()
        length = _header(headers, b"content-length")
        if length is not None and (not length.isdigit() or len(length) > 18 or int(length) > self._max_body):
            raise body_too_large(self._max_body)

    def _counted(self, receive: Receive) -> Receive:
        """Wrap `receive` to raise a 413 when the body is longer than allowed."""
        remaining = self._max_body

        async def counted() -> Message:
            nonlocal remaining
            message = await receive()
            remaining -= len(message.get("body", b""))
            if remaining < 0:
                raise body_too_large(self._max_body)
            return message

        return counted


class _Exchange:
    """A request and its response: HEAD is handled as GET without a body, and every response has a request id."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._send = send
        self._without_body = scope["method"] == "HEAD"
        self.scope = {**scope, "method": "GET"} if self._without_body else scope
        given = _header(scope["headers"], b"x-request-id")
        valid = given is not None and _REQUEST_ID.fullmatch(given)
        self.request_id = given.decode() if given is not None and valid else secrets.token_hex(16)
        self.status = 0
        # The whole response, which is sent when the request is processed and no longer occupies anything.
        self._response: list[Message] = []

    @property
    def route(self) -> str:
        """The path template, so that metric labels do not contain ids. A path with another method is no route."""
        return "none" if self.status == 405 else getattr(self.scope.get("route"), "path", "none")

    @property
    def path(self) -> str:
        """The path for log lines."""
        return shortened(self.scope["path"], MAX_PATH)

    async def send(self, message: Message) -> None:
        """Keep a message of the response."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            added = [(b"x-request-id", self.request_id.encode()), (b"x-content-type-options", b"nosniff")]
            if (key := self.scope.get("idempotency_key")) is not None:
                added.append((b"idempotency-key", key.encode()))
            message["headers"] = [*message.get("headers", ()), *added]
        elif self._without_body and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        self._response.append(message)

    async def refuse(self, refused: HttpProblem) -> None:
        """Replace the response by a problem."""
        self._response.clear()
        await response(refused, public_path(self.scope))(self.scope, _nothing, self.send)

    async def finish(self) -> None:
        """Send the response, however long the client takes to read it."""
        with suppress(asyncio.CancelledError):
            for message in self._response:
                await self._send(message)


def _with_consequence(message: str, exchange: _Exchange) -> str:
    """Add what a request that writes says about its command."""
    return f"{message} {exchange.scope['consequence']}" if "consequence" in exchange.scope else message


def _header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes | None:
    return next((value for key, value in headers if key == name), None)


async def _nothing() -> Message:
    return {"type": "http.disconnect"}
