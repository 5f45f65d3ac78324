"""The OpenAPI 3.1 document: FastAPI's, completed with what is the same everywhere."""

from collections.abc import Sequence
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from service.http.model import Problem
from service.http.operation import Operation
from service.http.parameter import Parameter
from service.http.problem import MEDIA_TYPE
from service.http.value import ID_PATTERN, MAX_ID

DESCRIPTION: Final = (
    "Who may use which producer code, and who belongs to which group. Reads are answered from the registry's present "
    "state. Every answer has an `ETag`; send it back in `If-None-Match` and get 304 while nothing changed. Errors are "
    "problems (RFC 9457) and list everything that is wrong at once."
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
"""An id for each path parameter, as in the seeds."""

# Status, name of the component, what it means.
_PROBLEMS: Final = (
    (400, "BadRequest", "Parameters are unknown, malformed or out of range; each is named with what is allowed."),
    (401, "Unauthorized", "There is no bearer token, or it cannot be trusted."),
    (403, "Forbidden", "The token lacks the scope, or the user is disabled."),
    (404, "NotFound", "There is nothing under this name that the caller may see."),
    (413, "BodyTooLarge", "The body is too long."),
    (414, "QueryTooLarge", "The query is too long."),
    (429, "TooManyRequests", "The caller asked too often; `Retry-After` says when to come again."),
    (431, "HeadersTooLarge", "The headers are too long."),
    (500, "Failed", "Something went wrong here; give the request id to those who run the service."),
    (503, "Unavailable", "The database is away or there is too much to do; `Retry-After` says when to come again."),
)
_WAITING: Final = frozenset({429, 503})

_HEADERS: Final[dict[str, Any]] = {
    "ETag": {
        "description": "The tag of the answer, `<version>-<hash>`; the version is 0 for what has none.",
        "required": True,
        "schema": {"type": "string", "pattern": '^"[0-9]+-[0-9a-f]{16}"$'},
    },
    "XRequestId": {
        "description": "The request's id: the caller's own, or one made here.",
        "required": True,
        "schema": {"type": "string"},
    },
    "RetryAfter": {"description": "Seconds.", "required": True, "schema": {"type": "integer", "minimum": 0}},
    "WWWAuthenticate": {"description": "What is missing.", "required": True, "schema": {"type": "string"}},
    "Link": {"description": 'The next page, with `rel="next"`.', "schema": {"type": "string"}},
}


def complete(app: FastAPI, operations: Sequence[Operation]) -> dict[str, Any]:
    """The whole document."""
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes, openapi_version="3.1.0"
    )
    for operation in operations:
        for path in (operation.path, *operation.aliases):
            # Put in here, because FastAPI drops every null of an example.
            content = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
            content["example"] = operation.example
    components = document.setdefault("components", {})
    problem = TypeAdapter(Problem).json_schema(ref_template="#/components/schemas/{model}")
    components["schemas"] |= {**problem.pop("$defs"), "Problem": problem}
    components["headers"] = _HEADERS
    components["responses"] = {name: _problem(status, text) for status, name, text in _PROBLEMS} | {
        "NotModified": {"description": "The caller has it already.", "headers": _refs("ETag", "XRequestId")}
    }
    components["securitySchemes"] = {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "A JWT with the scopes account:read or admin:read. A claim `organizations` (array of ids) "
            "narrows what admin:read shows.",
        }
    }
    return document


def extra(operation: Operation) -> dict[str, Any]:
    """What an operation adds to FastAPI's own description of it."""
    responses: dict[str, Any] = {
        str(status): {"$ref": f"#/components/responses/{name}"}
        for status, name, _ in _PROBLEMS
        if status != 404 or "{" in operation.path
    }
    success = _refs("ETag", "XRequestId", *(["Link"] if "cursor" in {p.name for p in operation.parameters} else []))
    responses |= {"200": {"headers": success}, "304": {"$ref": "#/components/responses/NotModified"}}
    return {
        "parameters": [*map(_path_parameter, _ids(operation.path)), *map(_query_parameter, operation.parameters)],
        "responses": responses,
        "security": [{"bearer": [operation.scope]}],
    }


def _refs(*names: str) -> dict[str, Any]:
    shown = {"XRequestId": "X-Request-Id", "RetryAfter": "Retry-After", "WWWAuthenticate": "WWW-Authenticate"}
    return {shown.get(name, name): {"$ref": f"#/components/headers/{name}"} for name in names}


def _problem(status: int, text: str) -> dict[str, Any]:
    names = ["XRequestId"]
    names += ["RetryAfter"] if status in _WAITING else []
    names += ["WWWAuthenticate"] if status in {401, 403} else []
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": text, "headers": _refs(*names), "content": {MEDIA_TYPE: {"schema": schema}}}


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
        **parameter.layout,
    }
    return described if parameter.example is None else {**described, "example": parameter.example}
