"""The HTTP application: operations, documents and middleware."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from importlib.metadata import version
from typing import Final

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from service.contract.topics import Topics
from service.http import association, code, command, directory, group
from service.http.base_path import BasePaths, public_path
from service.http.caller import Verifier
from service.http.command_topic import CommandTopic
from service.http.concurrency_limit import ConcurrencyLimit
from service.http.cors import Cors
from service.http.document import add_documents
from service.http.jwks import KeySet
from service.http.middleware import RequestMiddleware
from service.http.openapi import DESCRIPTION
from service.http.openapi_parts import TAGS
from service.http.operation import BytesRoute, Endpoints, Operation, Source
from service.http.outcome_wait import OutcomeWaits
from service.http.problem import Error, HttpProblem, not_found, response
from service.http.publisher import Publisher
from service.http.rate import RateLimit
from service.http.read_failures import ReadFailures
from service.http.write import WriteEndpoints, WriteServices
from service.http.write_operation import Write
from service.information import contact_object, license_object
from service.settings import Settings
from service.store.offset_fence import Origin
from service.store.read_store import ReadStore
from service.telemetry import HTTP_SLOTS_IN_USE, HTTP_WAITING, log

# In the order of path lookup: the most frequent requests come first.
OPERATIONS: Final[tuple[Operation, ...]] = (
    *code.OPERATIONS,
    *association.OPERATIONS,
    *directory.OPERATIONS,
    *group.OPERATIONS,
    *command.OPERATIONS,
)

WRITES: Final[tuple[Write, ...]] = (*code.WRITES, *association.WRITES, *group.WRITES)

WAITING_PER_SLOT: Final = 4
"""Limit of requests that wait for a slot, for each of the concurrent requests."""

_log = log(__name__)


def create_app(
    settings: Settings,
    reader: ReadStore,
    expensive: ReadStore,
    verifier: Verifier,
    failures: ReadFailures,
    *,
    origin: Callable[[], Awaitable[Origin | None]] | None = None,
    writes: tuple[Publisher, OutcomeWaits] | None = None,
) -> RequestMiddleware:
    """Build the application. `reader` serves all reads but the expensive ones.

    The caller opens and closes both stores and `verifier`, and runs the probe of `failures`. `origin` returns the
    command topic as it is now, or None when the broker does not answer. Without `writes`, the API only reads.
    """
    topics = Topics(settings.topic_prefix, settings.schema_base_uri)
    commands = CommandTopic(topics, origin) if origin else CommandTopic(topics)
    app = FastAPI(
        title="Producer Registry",
        version=version("producer-registry"),
        description=DESCRIPTION,
        openapi_tags=TAGS,
        contact=contact_object(settings),
        license_info={**license_object(), "identifier": license_object()["name"]},
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # FastAPI checks these for every request; the metrics of this service are in service.telemetry.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    endpoints = Endpoints(
        verifier,
        RateLimit(settings.rate_limit_per_second),
        _source(settings, reader, commands, "general", settings.max_concurrent_requests),
        _source(settings, expensive, commands, "expensive", settings.max_expensive_reads),
        failures,
    )
    for operation in OPERATIONS:
        _add(app, endpoints, operation)
    if writes is not None:
        write_endpoints = WriteEndpoints(endpoints, WriteServices(*writes, settings.max_body_bytes))
        for write in WRITES:
            _add_write(app, write_endpoints, write)
    add_documents(app, OPERATIONS, () if writes is None else WRITES, settings)
    app.add_exception_handler(HTTPException, _unrouted)
    # Around the framework, which has layers of its own before those that it lets an application add.
    return RequestMiddleware(
        app,
        direct=_direct(app),
        max_body=settings.max_body_bytes,
        timeout=settings.request_timeout_seconds,
        base_paths=_base_paths(settings),
        cors=_cors(settings, () if writes is None else WRITES),
    )


def verifier_of(settings: Settings) -> Verifier:
    """Return the verifier of the settings. Raises ValueError when they do not define how to verify tokens."""
    return Verifier(
        KeySet(settings.jwks, settings.jwt_algorithms, max_age=settings.jwks_max_age_seconds),
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        algorithms=settings.jwt_algorithms,
        leeway=settings.jwt_leeway_seconds,
        scope_claims=settings.jwt_scope_claims,
        subject_claim=settings.jwt_subject_claim,
    )


def visible_strings(settings: Settings) -> list[str]:
    """Return the externally visible code strings in lower case, without non-ASCII ones: code strings are ASCII."""
    return sorted({text.lower() for text in settings.externally_visible_producer_codes if text.isascii()})


async def warn_of_unknown_codes(settings: Settings, reader: ReadStore) -> list[str]:
    """Log and return the externally visible codes that do not exist. Raises StoreUnavailable."""
    configured = settings.externally_visible_producer_codes
    known = await reader.known_strings(visible_strings(settings)) if configured else set()
    unknown = [text for text in configured if text.lower() not in known]
    if unknown:
        _log.warning("externally_visible_codes_unknown", codes=unknown)
    return unknown


def _source(settings: Settings, reader: ReadStore, commands: CommandTopic, kind: str, slots: int) -> Source:
    limit = ConcurrencyLimit(slots, WAITING_PER_SLOT * settings.max_concurrent_requests)
    HTTP_SLOTS_IN_USE.labels(kind).set_function(lambda: limit.in_progress)
    HTTP_WAITING.labels(kind).set_function(lambda: limit.waiting)
    return Source(reader, limit, visible_strings(settings), commands)


def _add(app: FastAPI, endpoints: Endpoints, operation: Operation) -> None:
    endpoint = endpoints.endpoint(operation)
    for path in (operation.path, *operation.aliases):
        app.router.add_api_route(
            path, endpoint, methods=["GET"], include_in_schema=False, route_class_override=BytesRoute
        )


def _add_write(app: FastAPI, endpoints: WriteEndpoints, write: Write) -> None:
    endpoint = endpoints.endpoint(write)
    for path in (write.path, *write.aliases):
        app.router.add_api_route(
            path, endpoint, methods=[write.method], include_in_schema=False, route_class_override=BytesRoute
        )


def _base_paths(settings: Settings) -> BasePaths | None:
    """Return None if no request has a base path, which saves the search for it."""
    if not settings.api_base_path and not settings.trusted_proxies:
        return None
    return BasePaths(settings.api_base_path, settings.trusted_proxies)


def _cors(settings: Settings, writes: Iterable[Write]) -> Cors | None:
    methods = ["GET", "HEAD", *sorted({write.method for write in writes})]
    return Cors(settings.cors_origins, methods) if settings.cors_origins else None


def _direct(app: FastAPI) -> dict[tuple[str, str], BytesRoute]:
    """Return the routes without path parameters, which the middleware finds by their method and path."""
    routes = [route for route in app.routes if isinstance(route, BytesRoute) and not route.param_convertors]
    return {(method, route.path): route for route in routes for method in route.methods or ()}


async def _unrouted(request: Request, exception: Exception) -> Response:
    """Return the 404 or 405 of a request without a route."""
    methods = sorted(set(_methods(request)))
    if not methods:
        return response(not_found(), public_path(request.scope))
    error = Error("method-not-allowed", f"Allowed methods: {', '.join(methods)}.")
    return response(HttpProblem(405, [error], {"Allow": ", ".join(methods)}), public_path(request.scope))


def _methods(request: Request) -> Iterator[str]:
    for route in request.app.routes:
        if isinstance(route, BytesRoute) and route.matches(request.scope)[0] is not Match.NONE:
            yield from route.methods or ()
            if "GET" in (route.methods or ()):
                yield "HEAD"
