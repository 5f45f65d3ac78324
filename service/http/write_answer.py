"""The response to a request that writes: from the outcome of its command, or while there is none."""

from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import urlencode

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from service.core.problem import Problem
from service.http.answer import JSON
from service.http.problem import Error, HttpProblem, unavailable
from service.http.publisher import Acknowledgement
from service.store.command_states import SentCommand

RETRY_SECONDS: Final = 1

# Other codes are 422.
_STATUS: Final = {"not-found": 404, "already-exists": 409, "code-taken": 409, "version-conflict": 412}
# The path of the request names all objects.
_STATUS_OF_REMOVAL: Final = {**_STATUS, "reference-not-found": 404}

NOTHING_PUBLISHED: Final = "Nothing was published."
MAYBE_PUBLISHED: Final = (
    "It is unknown whether the command was published. It may still be decided: repeat the request with the same key."
)
PUBLISHED: Final = "The command is published: repeat the request with the same key."
DECIDED: Final = "The command is decided: repeat the request with the same key."


def rejection(problems: Sequence[Problem], more: int, place: Callable[[str], str], *, removal: bool) -> HttpProblem:
    """Return the problem of a rejected command; `place` converts the path of a problem to a place in the request.

    The first of the problems decides the status, as it decides the code of an outcome.
    """
    errors = [Error(one.code, one.message, place(one.path)) for one in problems]
    statuses = _STATUS_OF_REMOVAL if removal else _STATUS
    return HttpProblem(statuses.get(problems[0].code, 422), errors, more=more)


def used_key(type_: str) -> HttpProblem:
    """Return the problem of a key that a request of another kind has used."""
    message = f"The key belongs to a command of type {type_}: use another key."
    return HttpProblem(422, [Error("key-used", message, "Idempotency-Key")])


def dead_lettered() -> HttpProblem:
    """Return the problem of a command that became a dead letter."""
    message = "The registry could not process the command, and keeps it for its operator. It has no effect."
    return HttpProblem(500, [Error("dead-lettered", message)])


def note(scope: Scope, consequence: str) -> None:
    """Let every later 503 and 500 of the request say this about its command."""
    scope["consequence"] = consequence


def unavailable_because(reason: str, consequence: str) -> HttpProblem:
    """Return a 503 that says whether the command was published."""
    return unavailable(f"{reason} {consequence}", RETRY_SECONDS)


def pending(request: Request, sent: SentCommand, place: Acknowledgement) -> Response:
    """Return a 202 with the address of the command's state."""
    query = {"source": sent.source, "id": sent.id, "partition": place.partition, "offset": place.offset}
    location = f"{request.scope.get('base_path', '')}/commands?{urlencode(query)}"
    headers = {"Location": location, "Retry-After": str(RETRY_SECONDS), "Cache-Control": "no-store"}
    return Response(orjson.dumps({"status": "pending"}), 202, headers, JSON)
