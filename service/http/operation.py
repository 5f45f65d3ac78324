"""Operations: the path, scope, parameters and documentation of each endpoint, and the common request handling."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from service.http.caller import Caller, Verifier
from service.http.command_topic import CommandTopic
from service.http.concurrency_limit import ConcurrencyLimit
from service.http.parameter import Parameter, QueryParameters, read
from service.http.problem import not_found, unavailable
from service.http.rate import RateLimit
from service.http.read_failures import ReadFailures
from service.http.value import is_id
from service.store.errors import StoreRace, StoreUnavailable
from service.store.read_store import ReadStore


@dataclass(frozen=True, slots=True)
class Source:
    """The store, the limit of requests that use it, the externally visible codes (lower case), and the topics."""

    reader: ReadStore
    limit: ConcurrencyLimit
    visible: Sequence[str]
    commands: CommandTopic


@dataclass(frozen=True, slots=True)
class RequestContext:
    """One request with verified caller, ids and parameters."""

    request: Request
    source: Source
    caller: Caller
    query: QueryParameters
    ids: dict[str, str]

    @property
    def reader(self) -> ReadStore:
        """The store to read."""
        return self.source.reader


@dataclass(frozen=True, slots=True)
class Operation:
    """A GET operation: `path` has ids in braces, `aliases` are other paths, `model` and `example` document it.

    The scope is None if `answer` checks the scopes of the caller itself. `is_expensive` returns whether a request may
    read much more than it shows; no request does if it is None.
    """

    path: str
    id: str
    summary: str
    tag: str
    scope: str | None
    answer: Callable[[RequestContext], Awaitable[Response]]
    model: Any
    example: Any
    parameters: tuple[Parameter[Any], ...] = ()
    description: str = ""
    aliases: tuple[str, ...] = ()
    is_expensive: Callable[[RequestContext], Awaitable[bool]] | None = None


class BytesRoute(APIRoute):
    """A route whose endpoint handles requests and responses itself, without FastAPI's parsing and serialization."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        """Return the endpoint itself."""
        return self.endpoint


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The endpoints of operations, with authentication, limits, authorization and parameter parsing.

    Expensive requests have a source of their own, with few connections, so that the others do not wait for them.
    """

    verifier: Verifier
    rate: RateLimit
    source: Source
    expensive: Source
    failures: ReadFailures

    def endpoint(self, operation: Operation) -> Callable[[Request], Awaitable[Response]]:
        """Return the endpoint of an operation; it raises HttpProblem for every error."""

        async def receive(request: Request) -> Response:
            caller = await self.admitted(request, operation.scope)
            query = read(request.scope["query_string"], operation.parameters)
            context = RequestContext(request, self.source, caller, query, request.path_params)
            try:
                return await self._answer(operation, context)
            except (StoreUnavailable, StoreRace) as error:
                # A read replica cancels queries that conflict with replication.
                self.failures.record(error)
                raise unavailable("The database is not available at the moment.", 2) from None

        return receive

    async def admitted(self, request: Request, scope: str | None) -> Caller:
        """Return the caller of a request with the scope and valid ids in its path. Raises HttpProblem for others."""
        caller = await self.verifier.caller(request.headers.getlist("authorization"))
        self.rate.count(caller.subject, time.monotonic())
        if scope is not None:
            caller.require(scope)
        for name, value in request.path_params.items():
            if not is_id(value):
                raise not_found(name)
        return caller

    async def _answer(self, operation: Operation, context: RequestContext) -> Response:
        """Return the response of a request that is complete and allowed: only such a request waits for a slot."""
        subject = context.caller.subject
        async with context.source.limit.slot(subject):
            if operation.is_expensive is None or not await operation.is_expensive(context):
                return await operation.answer(context)
        context = replace(context, source=self.expensive)
        async with context.source.limit.slot(subject):
            return await operation.answer(context)
