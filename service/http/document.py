"""The documents on the API port: lists, OpenAPI with an HTML page, AsyncAPI and JSON Schemas."""

from collections.abc import Awaitable, Callable, Sequence
from functools import cache, lru_cache, partial
from importlib.resources import files
from typing import Final

import orjson
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from service.contract import asyncapi, schemas
from service.contract.catalogue import SCHEMA_BASE, schema_path
from service.http import listing
from service.http.answer import JSON, answer, made_tag
from service.http.openapi import complete
from service.http.operation import BytesRoute, Operation
from service.http.parameter import read
from service.http.write_operation import Write
from service.settings import Settings

_ASSETS: Final = files("service.http").joinpath("assets")
_SWAGGER_UI: Final = files("fastapi_swagger.resources")
_HEADERS: Final = {
    # Swagger UI has its icons as data URLs in its style sheet.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
    "Cache-Control": "no-cache",
    "Vary": "Accept-Encoding",
}
_CSS: Final = "text/css; charset=utf-8"
_SCRIPT: Final = "text/javascript; charset=utf-8"
_PAGES: Final = (
    ("/docs", _ASSETS / "docs.html", "text/html; charset=utf-8"),
    ("/docs/docs.css", _ASSETS / "docs.css", _CSS),
    ("/docs/docs.js", _ASSETS / "docs.js", _SCRIPT),
    ("/docs/swagger-ui.css", _SWAGGER_UI / "swagger-ui.css", _CSS),
    ("/docs/swagger-ui-bundle.js", _SWAGGER_UI / "swagger-ui-bundle.js", _SCRIPT),
)
# Relative to the path, so that they need no base path.
_REDIRECTS: Final = (("/docs/", "../docs"), ("/schemas", "schemas/"))

Content = Callable[[], bytes]
Endpoint = Callable[[Request], Awaitable[Response]]


def add_documents(app: FastAPI, operations: Sequence[Operation], writes: Sequence[Write], settings: Settings) -> None:
    """Add `/`, `/openapi.json`, `/docs`, `/asyncapi.json` and `/schemas/…`: no token required, no registry data."""
    app.openapi = cache(lambda: complete(app, operations, writes))  # type: ignore[method-assign]  # FastAPI's documented way
    _add(app, "/openapi.json", _openapi(app))
    _add(app, "/asyncapi.json", _sender(cache(lambda: orjson.dumps(asyncapi.document(settings)))))
    _add(app, "/", _sender(cache(lambda: orjson.dumps(listing.documents()))))
    base = settings.schema_base_uri or SCHEMA_BASE
    _add(app, "/schemas/", _sender(cache(lambda: orjson.dumps(listing.schema_list(base)))))
    for name in schemas.names():
        revisions = schemas.revisions(name)
        for path, revision in (
            (schema_path(name), revisions[0]),
            *((f"/schemas/{revision.identifier}", revision) for revision in revisions),
        ):
            _add(app, path, _sender(partial(revision.served, base), "application/schema+json"))
    for path, file, media_type in _PAGES:
        _add(app, path, _sender(cache(file.read_bytes), media_type))
    for path, location in _REDIRECTS:
        _add(app, path, _redirect(location))


def _add(app: FastAPI, path: str, endpoint: Endpoint) -> None:
    app.router.add_api_route(path, endpoint, methods=["GET"], include_in_schema=False, route_class_override=BytesRoute)


def _openapi(app: FastAPI) -> Endpoint:
    async def send(request: Request) -> Response:
        servers = [{"url": request.scope.get("base_path") or "/", "description": "This installation."}]
        return await _sender(lambda: orjson.dumps({**app.openapi(), "servers": servers}))(request)

    return send


def _sender(content: Content, media_type: str = JSON) -> Endpoint:
    async def send(request: Request) -> Response:
        read(request.scope["query_string"], ())
        body = content()
        # The hash of the largest document takes milliseconds. A base path changes the links within a document.
        tag = None if request.scope.get("base_path") else _tag(body)
        return answer(request, body, tag=tag, media_type=media_type, headers=_HEADERS)

    return send


@lru_cache(maxsize=128)
def _tag(body: bytes) -> str:
    return made_tag(0, body)


def _redirect(location: str) -> Endpoint:
    async def redirect(request: Request) -> Response:
        read(request.scope["query_string"], ())
        return Response(status_code=308, headers={"Location": location})

    return redirect
