"""The documents on the API port: OpenAPI with an HTML page, AsyncAPI and JSON Schemas."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import orjson
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from service.contract import asyncapi, schemas
from service.contract.catalogue import schema_path
from service.contract.topics import Topics
from service.http.answer import JSON, answer
from service.http.openapi import complete
from service.http.operation import BytesRoute, Operation
from service.http.parameter import read
from service.version import VERSION

_ASSETS: Final = Path(__file__).parent / "assets"
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
    "Cache-Control": "no-cache",
    "Vary": "Accept-Encoding",
}
_PAGES: Final = (
    ("/docs", "docs.html", "text/html; charset=utf-8"),
    ("/docs/docs.css", "docs.css", "text/css; charset=utf-8"),
    ("/docs/docs.js", "docs.js", "text/javascript; charset=utf-8"),
)


def add_documents(app: FastAPI, operations: Sequence[Operation], topics: Topics) -> None:
    """Add `/openapi.json`, `/docs`, `/asyncapi.json` and `/schemas/…`: no token required, no data of the registry."""
    app.openapi = _once(lambda: complete(app, operations))  # type: ignore[method-assign]  # FastAPI's documented way
    _add(app, "/openapi.json", lambda base: orjson.dumps({**app.openapi(), "servers": [{"url": base or "/"}]}), JSON)
    messages = _once(lambda: asyncapi.document(topics, VERSION))
    _add(app, "/asyncapi.json", lambda _: orjson.dumps(messages()), JSON)
    for name in schemas.names():
        content = partial(_schema, name, topics.schema_base)
        for path in (schema_path(name), f"/schemas/{schemas.dataschema(name, '')}"):
            _add(app, path, content, "application/schema+json")
    for path, name, media_type in _PAGES:
        _add(app, path, partial(_asset, (_ASSETS / name).read_bytes()), media_type)


def _schema(name: str, schema_base: str, _base_path: str) -> bytes:
    return schemas.served(name, schema_base)


def _asset(content: bytes, _base_path: str) -> bytes:
    return content


def _once(build: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    built: list[dict[str, Any]] = []

    def document() -> dict[str, Any]:
        if not built:
            built.append(build())
        return built[0]

    return document


def _add(app: FastAPI, path: str, content: Callable[[str], bytes], media_type: str) -> None:
    app.router.add_api_route(
        path, _endpoint(content, media_type), methods=["GET"], include_in_schema=False, route_class_override=BytesRoute
    )


def _endpoint(content: Callable[[str], bytes], media_type: str) -> Callable[[Request], Awaitable[Response]]:
    async def send(request: Request) -> Response:
        read(request.scope["query_string"], ())
        return answer(request, content(request.scope.get("base_path", "")), media_type=media_type, headers=_HEADERS)

    return send
