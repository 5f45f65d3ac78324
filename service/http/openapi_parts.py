"""Components of the OpenAPI document: problems, headers and path parameters."""

from collections.abc import Sequence
from typing import Any, Final

from service.http.problem import MEDIA_TYPE
from service.http.value import ID_PATTERN, MAX_ID

EXAMPLE_IDS: Final = {
    "producerCodeId": "pc:16",
    "organizationId": "pc:4",
    "userId": "pc:310",
    "groupId": "pc:669",
    "producerId": "pc:310",
    "roleId": "producer",
}
"""An example id for each path parameter, from the data of the demo."""

EXAMPLE_CODES: Final = {"userId": "pc:535", "groupId": "pc:17"}
"""The id of the associated code, by the parameter of its owner."""

TAGS: Final = [
    {"name": "Account", "description": "What the caller may use."},
    {"name": "Producer codes", "description": "The codes of all organizations."},
    {"name": "Organizations", "description": "Organizations and their codes."},
    {"name": "Roles", "description": "The roles that codes and associations name."},
    {"name": "Users", "description": "Associations of users with producer codes."},
    {"name": "Groups", "description": "Groups, and their associations with producer codes."},
    {"name": "Producers", "description": "Users, as the groups document names them."},
    {"name": "Commands", "description": "The outcomes of commands, whoever sent them."},
]
"""The tags of the operations."""

# Status, name of the component, description.
PROBLEMS: Final = (
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

HEADERS: Final[dict[str, Any]] = {
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
    "GivenKey": {"description": "The key of the request, if it has a valid one.", "schema": {"type": "string"}},
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


def refs(*names: str) -> dict[str, Any]:
    """Return references to headers by the names of the headers."""
    header_names = {
        "GivenKey": "Idempotency-Key",
        "IdempotencyKey": "Idempotency-Key",
        "IdempotentReplayed": "Idempotent-Replayed",
        "PollAfter": "Retry-After",
        "RetryAfter": "Retry-After",
        "WWWAuthenticate": "WWW-Authenticate",
        "XRequestId": "X-Request-Id",
    }
    return {header_names.get(name, name): {"$ref": f"#/components/headers/{name}"} for name in names}


def problem(status: int, text: str, *more_headers: str) -> dict[str, Any]:
    """Return the response of a problem."""
    names = ["XRequestId", *more_headers]
    names += ["RetryAfter"] if status in _WAITING else []
    names += ["WWWAuthenticate"] if status in {401, 403} else []
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": text, "headers": refs(*names), "content": {MEDIA_TYPE: {"schema": schema}}}


def path_parameters(names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the parameters of a path: ids, whose examples belong together."""
    owned = next((code for owner, code in EXAMPLE_CODES.items() if owner in names), EXAMPLE_IDS["producerCodeId"])
    return [_path_parameter(name, owned if name == "producerCodeId" else EXAMPLE_IDS[name]) for name in names]


def _path_parameter(name: str, example: str) -> dict[str, Any]:
    schema = {"type": "string", "minLength": 1, "maxLength": MAX_ID, "pattern": ID_PATTERN}
    return {"name": name, "in": "path", "required": True, "schema": schema, "example": example}
