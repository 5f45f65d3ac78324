"""The OpenAPI 3.1 document: FastAPI's document with common responses, headers and the security scheme."""

from collections.abc import Sequence
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.routing import BaseRoute

from service.core.problem import MAX_ERRORS
from service.http.model import Problem
from service.http.operation import Operation
from service.http.parameter import Parameter
from service.http.problem import MEDIA_TYPE
from service.http.value import ID_PATTERN, MAX_ID

DESCRIPTION: Final = (
    "Read access to producer codes, groups, users and their associations in the current state of the registry. Every "
    "successful response has an `ETag`; a request with this value in `If-None-Match` gets 304 while nothing changed. "
    "Errors are problems (RFC 9457). A problem reports all errors of the request at once: the first "
    f"{MAX_ERRORS} by path, and in `more` the number of the others."
)

EXAMPLE_IDS: Final = {
    "producerCodeId": "pc:16",
    "organizationId": "pc:4",
    "userId": "pc:305",
    "groupId": "pc:669",
    "group_id": "pc:669",
    "id": "pc:305",
    "roleId": "producer",
}
"""An example id for each path parameter, from the seed data."""

# Status, name of the component, description.
_PROBLEMS: Final = (
    (400, "BadRequest", "Parameters are unknown, malformed or out of range; the errors state the allowed values."),
    (401, "Unauthorized", "The bearer token is missing or invalid."),
    (403, "Forbidden", "The token does not have the required scope, or the user is disabled."),
    (404, "NotFound", "The resource does not exist, or the caller may not see it."),
    (412, "PreconditionFailed", "The resource has none of the tags in `If-Match`."),
    (413, "BodyTooLarge", "The body is too long."),
    (414, "QueryTooLarge", "The query is too long."),
    (429, "TooManyRequests", "The caller exceeded the rate limit; `Retry-After` states when to retry."),
    (431, "HeadersTooLarge", "The headers are too long."),
    (500, "Failed", "An internal error occurred; report the request id to the operator of the service."),
    (
        503,
        "Unavailable",
        "The database is not available, or too many requests wait; `Retry-After` states when to retry.",
    ),
)
_WAITING: Final = frozenset({429, 503})

_HEADERS: Final[dict[str, Any]] = {
    "ETag": {
        "description": "The entity tag `<version>-<hash>`; the version of pages and lists is 0.",
        "required": True,
        "schema": {"type": "string", "pattern": '^"[0-9]+-[0-9a-f]{16}"$'},
    },
    "XRequestId": {
        "description": "The request id: the one in the request, or a generated one.",
        "required": True,
        "schema": {"type": "string"},
    },
    "RetryAfter": {
        "description": "The number of seconds to wait.",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
    },
    "WWWAuthenticate": {"description": "The authentication error.", "required": True, "schema": {"type": "string"}},
    "PollAfter": {
        "description": "The number of seconds to wait while the status is pending.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "Link": {"description": 'The link to the next page, with `rel="next"`.', "schema": {"type": "string"}},
}


def complete(app: FastAPI, operations: Sequence[Operation]) -> dict[str, Any]:
    """Return the complete document."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=_described(operations),
        openapi_version="3.1.0",
    )
    for operation in operations:
        for path in (operation.path, *operation.aliases):
            # Added here, because FastAPI removes null values from examples.
            content = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
            content["example"] = operation.example
    components = document.setdefault("components", {})
    problem = TypeAdapter(Problem).json_schema(ref_template="#/components/schemas/{model}")
    components["schemas"] |= {**problem.pop("$defs"), "Problem": problem}
    components["headers"] = _HEADERS
    components["responses"] = {name: _problem(status, text) for status, name, text in _PROBLEMS} | {
        "NotModified": {
            "description": "The caller already has the current data.",
            "headers": _refs("ETag", "XRequestId"),
        }
    }
    components["securitySchemes"] = {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "A JWT with the scope account:read or admin:read. The claim `organizations` (array of ids) "
            "restricts admin:read to the data of these organizations.",
        }
    }
    return document


def _described(operations: Sequence[Operation]) -> list[BaseRoute]:
    """Return routes that only describe the operations.

    FastAPI builds the schemas of their responses, which would take most of the time to build the application.
    """
    router = APIRouter()
    for operation in operations:
        for path in (operation.path, *operation.aliases):
            router.add_api_route(
                path,
                _never_called,
                methods=["GET"],
                operation_id=operation.id if path == operation.path else f"{operation.id}Alias",
                summary=operation.summary,
                description=operation.description,
                tags=[operation.tag],
                responses={200: {"model": operation.model, "description": "The requested data."}},
                openapi_extra=_extra(operation),
            )
    return router.routes


async def _never_called(request: Request) -> None:
    # FastAPI documents the parameters of an endpoint, and its docstring if an operation has no description.
    raise NotImplementedError


def _extra(operation: Operation) -> dict[str, Any]:
    """Return the additions to FastAPI's description of an operation."""
    responses: dict[str, Any] = {
        str(status): {"$ref": f"#/components/responses/{name}"}
        for status, name, _ in _PROBLEMS
        if status != 404 or _names_one(operation)
    }
    names = {parameter.name for parameter in operation.parameters}
    optional = [header for header, name in (("Link", "cursor"), ("PollAfter", "offset")) if name in names]
    success = _refs("ETag", "XRequestId", *optional)
    responses |= {"200": {"headers": success}, "304": {"$ref": "#/components/responses/NotModified"}}
    return {
        "parameters": [*map(_path_parameter, _ids(operation.path)), *map(_query_parameter, operation.parameters)],
        "responses": responses,
        "security": [{"bearer": [operation.scope] if operation.scope else []}],
    }


def _refs(*names: str) -> dict[str, Any]:
    header_names = {
        "PollAfter": "Retry-After",
        "RetryAfter": "Retry-After",
        "WWWAuthenticate": "WWW-Authenticate",
        "XRequestId": "X-Request-Id",
    }
    return {header_names.get(name, name): {"$ref": f"#/components/headers/{name}"} for name in names}


def _problem(status: int, text: str) -> dict[str, Any]:
    names = ["XRequestId"]
    names += ["RetryAfter"] if status in _WAITING else []
    names += ["WWWAuthenticate"] if status in {401, 403} else []
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": text, "headers": _refs(*names), "content": {MEDIA_TYPE: {"schema": schema}}}


def _names_one(operation: Operation) -> bool:
    """Return whether the request names an object, by its path or by parameters."""
    return "{" in operation.path or any(parameter.required for parameter in operation.parameters)


def _ids(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def _path_parameter(name: str) -> dict[str, Any]:
    schema = {"type": "string", "minLength": 1, "maxLength": MAX_ID, "pattern": ID_PATTERN}
    return {"name": name, "in": "path", "required": True, "schema": schema, "example": EXAMPLE_IDS[name]}


def _query_parameter(parameter: Parameter[Any]) -> dict[str, Any]:
    described = {
        "name": parameter.name,
        "in": "query",
        "description": parameter.description,
        "schema": parameter.schema,
        **({"required": True} if parameter.required else {}),
        **parameter.layout,
    }
    return described if parameter.example is None else {**described, "example": parameter.example}
