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
from service.http.openapi_parts import HEADERS, PROBLEMS, path_parameters, problem, refs
from service.http.openapi_write import write_operation, write_responses, write_schemas
from service.http.operation import Operation
from service.http.parameter import Parameter
from service.http.write_operation import Write, path_names

DESCRIPTION: Final = (
    "Producer codes, groups, users and their associations in the current state of the registry. Every "
    "response with data has an `ETag`; a GET with this value in `If-None-Match` gets 304 while nothing changed. "
    "Errors are problems (RFC 9457). A problem reports all errors of the request at once: the first "
    f"{MAX_ERRORS} by path, and in `more` the number of the others."
)


def complete(app: FastAPI, operations: Sequence[Operation], writes: Sequence[Write]) -> dict[str, Any]:
    """Return the complete document."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=_described(operations, writes),
        openapi_version="3.1.0",
        tags=app.openapi_tags,
        contact=app.contact,
        license_info=app.license_info,
    )
    for operation in operations:
        for path in (operation.path, *operation.aliases):
            # Added here, because FastAPI removes null values from examples.
            content = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
            content["example"] = operation.example
    for write in writes:
        for path in (write.path, *write.aliases):
            document["paths"][path][write.method.lower()] |= write_operation(write)
    components = document.setdefault("components", {})
    shape = TypeAdapter(Problem).json_schema(ref_template="#/components/schemas/{model}")
    components["schemas"] |= {**shape.pop("$defs"), "Problem": shape}
    components["schemas"] |= write_schemas(writes, components["schemas"])
    components["headers"] = HEADERS
    components["responses"] = {name: problem(status, text) for status, name, text in PROBLEMS} | {
        "NotModified": {
            "description": "The caller already has the current data.",
            "headers": refs("ETag", "XRequestId"),
        },
    }
    if writes:
        components["responses"] |= write_responses()
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
        for path in (write.path, *write.aliases):
            router.add_api_route(
                path,
                _never_called,
                methods=[write.method],
                operation_id=write.id if path == write.path else f"{write.id}Alias",
                summary=write.summary,
                description=f"Sends the command `{write.command}` and waits for its outcome. A repeat with the same "
                "key has no further effect.",
                tags=[write.get.tag],
                status_code=204 if write.removes else 200,
            )
    return router.routes


async def _never_called(request: Request) -> None:
    # FastAPI documents the parameters of an endpoint, and its docstring if an operation has no description.
    raise NotImplementedError


def _extra(operation: Operation) -> dict[str, Any]:
    """Return the additions to FastAPI's description of an operation."""
    responses: dict[str, Any] = {
        str(status): {"$ref": f"#/components/responses/{name}"}
        for status, name, _ in PROBLEMS
        if status != 404 or _names_one(operation)
    }
    names = {parameter.name for parameter in operation.parameters}
    optional = [header for header, name in (("Link", "cursor"), ("PollAfter", "offset")) if name in names]
    success = refs("ETag", "XRequestId", *optional)
    responses |= {"200": {"headers": success}, "304": {"$ref": "#/components/responses/NotModified"}}
    return {
        "parameters": [*path_parameters(path_names(operation.path)), *map(_query_parameter, operation.parameters)],
        "responses": responses,
        "security": [{"bearer": [operation.scope] if operation.scope else []}],
    }


def _names_one(operation: Operation) -> bool:
    """Return whether the request names an object, by its path or by parameters."""
    return "{" in operation.path or any(parameter.required for parameter in operation.parameters)


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
