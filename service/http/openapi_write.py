"""The requests that write in the OpenAPI document: bodies, examples, headers and responses."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from service.contract.schemas import untitled
from service.http.openapi_parts import PROBLEMS, path_parameters, problem, refs
from service.http.scope import ADMIN_WRITE
from service.http.write_operation import Write, path_names
from service.http.write_request import MERGE_PATCH

_PROBLEMS: Final = (
    *((status, f"Write{name}", text) for status, name, text in PROBLEMS),
    (409, "WriteConflict", "The object exists with other content, or another object has the code or the username."),
    (415, "WriteUnsupportedMediaType", "The content type is not JSON."),
    (422, "WriteUnprocessable", "The request breaks a rule; the paths are JSON pointers into the body."),
)
_ONLY_WITH_BODY: Final = frozenset({409, 415})

KEY: Final[dict[str, Any]] = {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]([ -~]*[!-~])?$"}
TAG: Final[dict[str, Any]] = {"type": "string", "pattern": '^(\\*|(W/)?"[!#-+.-~-]*")$'}
_PARAMETERS: Final[tuple[dict[str, Any], ...]] = (
    {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "The key of the request, by default a new one. A repeat with a key has no further effect.",
        "schema": KEY,
    },
    {
        "name": "GW-DBTransaction-ID",
        "in": "header",
        "description": "Another name of `Idempotency-Key`. If both are given, they are equal.",
        "schema": KEY,
    },
    {
        "name": "If-Match",
        "in": "header",
        "description": "The entity tag of the version that the request changes.",
        "schema": TAG,
    },
    {
        "name": "Prefer",
        "in": "header",
        "description": "`respond-async` or `wait=N`: return 202 at once, or without an outcome after N seconds.",
        "schema": {"type": "string"},
    },
)
_PENDING: Final = {
    "type": "object",
    "properties": {"status": {"type": "string", "const": "pending"}},
    "required": ["status"],
    "additionalProperties": False,
}
_SUCCESS: Final = ("XRequestId", "IdempotencyKey", "IdempotentReplayed")


def write_responses() -> dict[str, Any]:
    """Return the components of the responses of all writes."""
    problems = {name: problem(status, text, "GivenKey", "IdempotentReplayed") for status, name, text in _PROBLEMS}
    return problems | {
        "Pending": {
            "description": "The command is published and has no outcome yet; `Location` leads to its state.",
            "headers": refs("Location", "RetryAfter", "IdempotencyKey", "XRequestId"),
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/PendingCommand"},
                    "example": {"status": "pending"},
                }
            },
        },
        "Removed": {"description": "There is no such association any more.", "headers": refs(*_SUCCESS)},
    }


def write_operation(write: Write) -> dict[str, Any]:
    """Return the additions to FastAPI's description of a write."""
    responses: dict[str, Any] = {
        str(status): {"$ref": f"#/components/responses/{name}"}
        for status, name, _ in _PROBLEMS
        if not (write.removes and status in _ONLY_WITH_BODY)
    }
    responses["202"] = {"$ref": "#/components/responses/Pending"}
    if write.removes:
        responses["204"] = {"$ref": "#/components/responses/Removed"}
    else:
        responses["200"] = _shown(write, "The object after the request.")
    if write.creates:
        responses["201"] = _shown(write, "The object was created.", "Location")
    added = {
        "parameters": [*path_parameters(path_names(write.path)), *_PARAMETERS],
        "responses": responses,
        "security": [{"bearer": [ADMIN_WRITE]}],
    }
    return added if write.removes else {**added, "requestBody": _body(write)}


def _shown(write: Write, description: str, *headers: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{write.get.model.__name__}"}
    content = {"application/json": {"schema": schema, "example": write.get.example}}
    return {"description": description, "headers": refs("ETag", *_SUCCESS, *headers), "content": content}


def _body(write: Write) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{_name(write)}Request"}
    body = {"schema": schema, "example": write.example}
    types = ("application/json", MERGE_PATCH) if write.method == "PATCH" else ("application/json",)
    return {"required": True, "content": dict.fromkeys(types, body)}


def write_schemas(writes: Sequence[Write], taken: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schemas of bodies and of responses without an outcome.

    Bodies are those of the commands, whose parts get other names than those `taken`.
    """
    schemas: dict[str, Any] = {"PendingCommand": _PENDING} if writes else {}
    for write in writes:
        if write.removes:
            continue
        data = untitled(write.reader.shape.adapter.json_schema())
        parts = data.get("$defs", {})
        names = {name: f"{name}Input" if name in taken else name for name in parts}
        converted = _with_references(data, names)
        schemas |= {names[name]: part for name, part in converted.pop("$defs", {}).items()}
        if write.enveloped:
            schemas[f"{_name(write)}Attributes"] = converted
            converted = _object(
                "data", _object("attributes", {"$ref": f"#/components/schemas/{_name(write)}Attributes"})
            )
        schemas[f"{_name(write)}Request"] = converted
    return schemas


def _name(write: Write) -> str:
    return write.id[0].upper() + write.id[1:]


def _object(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {name: schema}, "required": [name], "additionalProperties": False}


def _with_references(node: Any, names: Mapping[str, str]) -> Any:
    """Return a schema with references to components."""
    if isinstance(node, list):
        return [_with_references(value, names) for value in node]
    if not isinstance(node, dict):
        return node
    converted = {key: _with_references(value, names) for key, value in node.items()}
    if "$ref" in node:
        converted["$ref"] = f"#/components/schemas/{names[node['$ref'].rpartition('/')[2]]}"
    return converted
