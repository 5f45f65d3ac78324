"""The response to a request that writes: from the outcome of its command, or while there is none."""

from typing import Any, Final
from urllib.parse import urlencode

import orjson
from starlette.requests import Request
from starlette.responses import Response

from service.contract.sending import CommandRecord
from service.http.answer import JSON
from service.http.problem import Error, HttpProblem
from service.http.publisher import Acknowledgement
from service.store.command_states import SentCommand

RETRY_SECONDS: Final = 1

# Other codes are 422.
_STATUS: Final = {"not-found": 404, "already-exists": 409, "code-taken": 409, "version-conflict": 412}

NOTHING_PUBLISHED: Final = "Nothing was published."
MAYBE_PUBLISHED: Final = (
    "It is unknown whether the command was published. It may still be decided: repeat the request with the same key."
)
DECIDED: Final = "The command is decided: repeat the request with the same key."


def rejection(outcome: dict[str, Any], pointer: str) -> HttpProblem:
    """Return the problem of a rejected command; `pointer` leads to its data in the body."""
    problem = outcome["problem"]
    errors = [Error(e["code"], e["message"], _path(e["path"], pointer)) for e in problem["errors"]]
    refused = HttpProblem(_STATUS.get(problem["code"], 422), errors)
    refused.more += problem.get("more", 0)
    return refused


def _path(path: str, pointer: str) -> str:
    return "If-Match" if path == "expectedversion" else pointer + path if path.startswith("/") or not path else path


def dead_lettered() -> HttpProblem:
    """Return the problem of a command that became a dead letter."""
    message = "The registry could not process the command, and keeps it for its operator. It has no effect."
    return HttpProblem(500, [Error("dead-lettered", message)])


def unavailable_because(reason: str, consequence: str) -> HttpProblem:
    """Return a 503 that says whether the command was published."""
    return HttpProblem(503, [Error("unavailable", f"{reason} {consequence}")], {"Retry-After": str(RETRY_SECONDS)})


def pending(request: Request, sent: SentCommand, place: Acknowledgement) -> Response:
    """Return a 202 with the address of the command's state."""
    query = {"source": sent.source, "id": sent.id, "partition": place.partition, "offset": place.offset}
    location = f"{request.scope.get('base_path', '')}/commands?{urlencode(query)}"
    headers = {"Location": location, "Retry-After": str(RETRY_SECONDS), "Cache-Control": "no-store"}
    return Response(orjson.dumps({"status": "pending"}), 202, headers, JSON)


def too_long(record: CommandRecord, most: int) -> HttpProblem | None:
    """Return the 413 of a command that the registry would not read, None for any other."""
    if len(record.value) <= most:
        return None
    return HttpProblem(413, [Error("body-too-large", f"The body must not exceed {most} bytes.")])
