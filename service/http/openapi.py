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
from service.http.scope import ADMIN_WRITE
from service.http.value import ID_PATTERN, MAX_ID
from service.http.write import Write

DESCRIPTION: Final = (
    "Producer codes, groups, users and their associations in the current state of the registry. Every "
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
_WRITE_PROBLEMS: Final = (
    (409, "Conflict", "The object exists with other content, or another object has the code."),
    (415, "UnsupportedMediaType", "The content type is not JSON."),
    (422, "Unprocessable", "The body breaks a rule; the paths are JSON pointers into it."),
)
_WAITING: Final = frozenset({429, 503})
_WRITE_PARAMETERS: Final[tuple[dict[str, Any], ...]] = (
    {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "The key of the request, by default a new one. A repeat with a key has no further effect.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]([ -~]*[!-~])?$"},
    },
    {
        "name": "If-Match",
        "in": "header",
        "description": "The entity tag of the version that the request changes.",
        "schema": {"type": "string"},
    },
    {
        "name": "Prefer",
        "in": "header",
        "description": "`respond-async` or `wait=N`: return 202 at once, or without an outcome after N seconds.",
        "schema": {"type": "string"},
    },
)

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
    "IdempotencyKey": {"description": "The key of the request.", "required": True, "schema": {"type": "string"}},
    "IdempotentReplayed": {
        "description": "`true` if the command was decided before.",
        "schema": {"type": "string", "const": "true"},
    },
    "Location": {
        "description": "The address of the object, or of the state of the command.",
        "required": True,
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "Link": {"description": 'The link to the next page, with `rel="next"`.', "schema": {"type": "string"}},
}


def complete(app: FastAPI, operations: Sequence[Operation], writes: Sequence[Write]) -> dict[str, Any]:
    """Return the complete document."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=_described(operations, writes),
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
    problems = (*_PROBLEMS, *_WRITE_PROBLEMS)
    components["responses"] = {name: _problem(status, text) for status, name, text in problems} | {
        "Pending": {
            "description": "The command is published and has no outcome yet; `Location` leads to its state.",
            "headers": _refs("Location", "RetryAfter", "IdempotencyKey", "XRequestId"),
            "content": {"application/json": {"schema": {"type": "object"}}},
        },
        "NotModified": {
            "description": "The caller already has the current data.",
            "headers": _refs("ETag", "XRequestId"),
        },
    }
    components["securitySchemes"] = {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "A JWT with the scope account:read, admin:read or admin:write. The claim `organizations` "
            "(array of ids) restricts the admin scopes to the data of these organizations.",
        }
    }
    return document


def _described(operations: Sequence[Operation], writes: Sequence[Write]) -> list[BaseRoute]:
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
    for write in writes:
        router.add_api_route(
            write.path,
            _never_called,
            methods=[write.method],
            operation_id=write.id,
            summary=write.summary,
            description=f"Sends the command `{write.command}` and waits for its outcome.",
            tags=[write.get.tag],
            responses={200: {"model": write.get.model, "description": "The object after the change."}},
            openapi_extra=_write_extra(write),
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
        "IdempotencyKey": "Idempotency-Key",
        "IdempotentReplayed": "Idempotent-Replayed",
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


def _write_extra(write: Write) -> dict[str, Any]:
    """Return the additions to FastAPI's description of an operation that writes."""
    responses: dict[str, Any] = {
        str(status): {"$ref": f"#/components/responses/{name}"}
        for status, name, _ in (*_PROBLEMS, *_WRITE_PROBLEMS)
        if status != 404 or "{" in write.path or write.organization
    }
    success = _refs("ETag", "XRequestId", "IdempotencyKey", "IdempotentReplayed")
    responses["200"] = {"headers": success}
    if write.subject is None:
        content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{write.get.model.__name__}"}}}
        created = {"description": "The object was created.", "headers": success | _refs("Location"), "content": content}
        responses["201"] = created
    responses["202"] = {"$ref": "#/components/responses/Pending"}
    body = {"schema": {"type": "object"}, "example": write.example}
    return {
        "parameters": [*map(_path_parameter, _ids(write.path)), *_WRITE_PARAMETERS],
        "requestBody": {"required": True, "content": {"application/json": body}},
        "responses": responses,
        "security": [{"bearer": [ADMIN_WRITE]}],
    }


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
