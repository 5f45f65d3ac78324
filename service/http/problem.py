"""Problem responses: application/problem+json (RFC 9457) with the errors of a request."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

import orjson
from starlette.responses import Response

from service.core.problem import first_errors, shortened

MAX_PATH: Final = 512
"""The number of characters of a path that a problem or a log line repeats; the paths of the API are shorter."""

MEDIA_TYPE: Final = "application/problem+json"

# Python 3.11 has the former titles of these statuses.
_TITLES: Final = {413: "Content Too Large", 422: "Unprocessable Content"}


@dataclass(frozen=True, slots=True)
class Error:
    """One error: `path` is a parameter name or a JSON pointer, empty for the request as a whole."""

    code: str
    message: str
    path: str = ""


class HttpProblem(Exception):
    """The response is a problem with these `headers`: it has the first errors by path, and the number of the others.

    `more` is the number of errors that are not among the given ones, because they would come after them.
    """

    def __init__(
        self, status: int, errors: Iterable[Error], headers: Mapping[str, str] | None = None, *, more: int = 0
    ) -> None:
        self.errors, left_out = first_errors(errors, key=lambda error: error.path)
        self.more = left_out + more
        super().__init__(status, [error.code for error in self.errors])
        self.status = status
        self.headers = dict(headers or {})


def bad_request(errors: Iterable[Error], *, more: int = 0) -> HttpProblem:
    """Return a 400 for invalid parameters."""
    return HttpProblem(400, errors, more=more)


def not_found(path: str = "") -> HttpProblem:
    """Return a 404: the resource does not exist or the caller may not see it; `path` is the path parameter."""
    return HttpProblem(404, [Error("not-found", "The resource does not exist.", path)])


def unauthorized(message: str, *, invalid_token: bool) -> HttpProblem:
    """Return a 401; `invalid_token` is true when the request has a token that is not valid."""
    challenge = 'Bearer realm="producer-registry"'
    if invalid_token:
        challenge += f', error="invalid_token", error_description="{message}"'
    return HttpProblem(401, [Error("unauthorized", message, "Authorization")], {"WWW-Authenticate": challenge})


def forbidden(scope: str) -> HttpProblem:
    """Return a 403 for a token without the scope."""
    challenge = f'Bearer realm="producer-registry", error="insufficient_scope", scope="{scope}"'
    error = Error("forbidden", f"The token must have the scope {scope}.", "Authorization")
    return HttpProblem(403, [error], {"WWW-Authenticate": challenge})


def disabled() -> HttpProblem:
    """Return a 403 for a disabled user (domain, "Who may use which code")."""
    challenge = 'Bearer realm="producer-registry", error="insufficient_scope", scope="account:read"'
    error = Error("user-disabled", "The user is disabled.", "Authorization")
    return HttpProblem(403, [error], {"WWW-Authenticate": challenge})


def body_too_large(most: int) -> HttpProblem:
    """Return a 413 for a body of more than this number of bytes."""
    return HttpProblem(413, [Error("body-too-large", f"The body must not exceed {most} bytes.")])


def unavailable(message: str, seconds: int = 1) -> HttpProblem:
    """Return a 503; the caller may retry after `seconds`."""
    return HttpProblem(503, [Error("unavailable", message)], {"Retry-After": str(seconds)})


def response(refused: HttpProblem, path: str) -> Response:
    """Return the response to a request for `path` (decoded)."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": _TITLES.get(refused.status) or HTTPStatus(refused.status).phrase,
        "status": refused.status,
        "detail": " ".join(error.message for error in refused.errors),
        "instance": quote(shortened(path, MAX_PATH), safe="/:@!$&'()*+,;=-._~"),
        "errors": [{"code": e.code, "message": e.message, "path": e.path} for e in refused.errors],
    }
    if refused.more:
        body["more"] = refused.more
    return Response(orjson.dumps(body), refused.status, {**refused.headers, "Cache-Control": "no-store"}, MEDIA_TYPE)
