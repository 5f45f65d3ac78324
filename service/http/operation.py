"""Operations: what one path answers, who may ask, with which parameters; asked for in one way, documented from here."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from service.http.caller import Caller, Verifier
from service.http.parameter import Parameter, QueryParameters, read
from service.http.problem import not_found, unavailable
from service.http.rate import RateLimit
from service.http.value import is_id
from service.store.errors import StoreRace, StoreUnavailable
from service.store.read_store import ReadStore


@dataclass(frozen=True, slots=True)
class Source:
    """Where answers come from: the store, today's date (UTC), and the code strings (lower case) anybody may see."""

    reader: ReadStore
    today: Callable[[], date]
    visible: Sequence[str]


@dataclass(frozen=True, slots=True)
class RequestContext:
    """One request whose caller, ids and parameters are known to be right."""

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
    """A GET: `path` with ids in braces, `aliases` other spellings of it; `model` and `example` are its documents."""

    path: str
    id: str
    summary: str
    tag: str
    scope: str
    answer: Callable[[RequestContext], Awaitable[Response]]
    model: Any
    example: Any
    parameters: tuple[Parameter[Any], ...] = ()
    description: str = ""
    aliases: tuple[str, ...] = ()


class BytesRoute(APIRoute):
    """A route whose endpoint takes a request and gives a response, without FastAPI's reading and writing."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        """The endpoint itself."""
        return self.endpoint


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Receives requests: who asks, may they, is it understood; then the operation answers."""

    verifier: Verifier
    limit: RateLimit
    source: Source

    def endpoint(self, operation: Operation) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint of an operation; it raises Refused for everything that is not answered."""

        async def receive(request: Request) -> Response:
            caller = await self.verifier.caller(request.headers.getlist("authorization"))
            self.limit.count(caller.subject, time.monotonic())
            caller.require(operation.scope)
            ids: dict[str, str] = request.path_params
            for name, value in ids.items():
                if not is_id(value):
                    raise not_found(name)
            query = read(request.scope["query_string"], operation.parameters)
            try:
                return await operation.answer(RequestContext(request, self.source, caller, query, ids))
            except (StoreUnavailable, StoreRace):
                # A reading replica ends a read that is in the way of what it has to replay.
                raise unavailable("The database does not answer at the moment.", 2) from None

        return receive
