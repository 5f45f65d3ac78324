"""Problems as HTTP tells them: application/problem+json (RFC 9457), all errors of a request at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

import orjson
from starlette.responses import Response

MEDIA_TYPE: Final = "application/problem+json"

# Python 3.11 has older words for these.
_TITLES: Final = {413: "Content Too Large", 422: "Unprocessable Content"}


@dataclass(frozen=True, slots=True)
class Error:
    """One error: `path` is a parameter's name or a JSON pointer, empty when it is about the whole request."""

    code: str
    message: str
    path: str = ""


class HttpProblem(Exception):
    """The request is answered with a problem; `headers` go with it."""

    def __init__(self, status: int, errors: Sequence[Error], headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, [error.code for error in errors])
        self.status = status
        self.errors = sorted(errors, key=lambda error: error.path)
        self.headers = dict(headers or {})


def bad_request(errors: Sequence[Error]) -> HttpProblem:
    """The parameters are not right."""
    return HttpProblem(400, errors)


def not_found(path: str = "") -> HttpProblem:
    """There is no such thing, as far as the caller may see; `path` is the path parameter that names it."""
    return HttpProblem(404, [Error("not-found", "There is nothing here under this name.", path)])


def unauthorized(message: str, *, query: bool) -> HttpProblem:
    """The caller is not known to be anybody; `given` tells whether a token was there."""
    challenge = 'Bearer realm="producer-registry"'
    if query:
        challenge += f', error="invalid_token", error_description="{message}"'
    return HttpProblem(401, [Error("unauthorized", message, "Authorization")], {"WWW-Authenticate": challenge})


def forbidden(scope: str) -> HttpProblem:
    """The token lacks the scope."""
    challenge = f'Bearer realm="producer-registry", error="insufficient_scope", scope="{scope}"'
    error = Error("forbidden", f"The token needs the scope {scope}.", "Authorization")
    return HttpProblem(403, [error], {"WWW-Authenticate": challenge})


def disabled() -> HttpProblem:
    """The caller is a user who is disabled (domain, "Who may use which code")."""
    challenge = 'Bearer realm="producer-registry", error="insufficient_scope", scope="account:read"'
    error = Error("user-disabled", "The user is disabled.", "Authorization")
    return HttpProblem(403, [error], {"WWW-Authenticate": challenge})


def unavailable(message: str, seconds: int = 1) -> HttpProblem:
    """The service cannot answer now; the same request may go through in `seconds`."""
    return HttpProblem(503, [Error("unavailable", message)], {"Retry-After": str(seconds)})


def response(refused: HttpProblem, path: str) -> Response:
    """The answer to a request for `path` (decoded)."""
    body = {
        "type": "about:blank",
        "title": _TITLES.get(refused.status) or HTTPStatus(refused.status).phrase,
        "status": refused.status,
        "detail": " ".join(error.message for error in refused.errors),
        "instance": quote(path, safe="/:@!$&'()*+,;=-._~"),
        "errors": [{"code": e.code, "message": e.message, "path": e.path} for e in refused.errors],
    }
    return Response(orjson.dumps(body), refused.status, {**refused.headers, "Cache-Control": "no-store"}, MEDIA_TYPE)
