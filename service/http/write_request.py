"""What a request that writes says: its key, how long it waits, the version that it expects, and its data."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.types import Scope

from service import clock
from service.contract.attribute_rule import MAX_ID
from service.contract.record import Refused
from service.contract.shape import pointer
from service.contract.structured import read_json
from service.contract.time_ordered_id import uuid7
from service.core.problem import shortened
from service.http.answer import original_tag
from service.http.problem import Error, HttpProblem, bad_request

KEY_HEADERS: Final = (b"idempotency-key", b"gw-dbtransaction-id")
WAIT_SECONDS: Final = 5.0
MOST_WAIT_SECONDS: Final = 30.0

_KEY: Final = re.compile(rf"[\x21-\x7e](?:[\x20-\x7e]{{0,{MAX_ID - 2}}}[\x21-\x7e])?")
_WAIT: Final = re.compile(r"wait=\"?([0-9]{1,9})\"?")
_TAG: Final = re.compile(r'"([0-9]{1,10})-[0-9a-f]{16}"')
MERGE_PATCH: Final = "application/merge-patch+json"
"""The media type of a body with changes (RFC 7396)."""

_JSON: Final = frozenset({"application/json", MERGE_PATCH})


@dataclass(frozen=True, slots=True)
class Data:
    """The data of a command, the JSON text that contains it, and the JSON pointer to it in the body."""

    value: dict[str, Any]
    text: bytes
    pointer: str


def given_key(scope: Scope) -> str | None:
    """Return the key in the headers of a request, None if it has none. Raises HttpProblem (400)."""
    given = {value.decode("latin-1").strip() for name, value in scope["headers"] if name in KEY_HEADERS}
    if not given:
        return None
    if len(given) > 1:
        raise bad_request([Error("invalid-header", "The request has two different keys.", "Idempotency-Key")])
    key: str = given.pop()
    if _KEY.fullmatch(key) is None:
        message = f"The key must have 1 to {MAX_ID} printable ASCII characters."
        raise bad_request([Error("invalid-header", message, "Idempotency-Key")])
    return key


def new_key() -> str:
    """Return a UUIDv7, for a request without a key."""
    return str(uuid7(int(clock.now().timestamp() * 1000), secrets.randbits(74)))


def seconds_to_wait(request: Request) -> float:
    """Return how long the request waits for the outcome; 0 with `Prefer: respond-async`."""
    preferences = [part.strip().lower() for line in request.headers.getlist("prefer") for part in line.split(",")]
    if "respond-async" in preferences:
        return 0.0
    given = next((found for text in preferences if (found := _WAIT.fullmatch(text))), None)
    return WAIT_SECONDS if given is None else min(float(given[1]), MOST_WAIT_SECONDS)


def expected_version(request: Request) -> int | None:
    """Return the version in `If-Match`. Raises HttpProblem: 412 for a tag that the registry never sent."""
    lines = request.headers.getlist("if-match")
    tags = [original_tag(part) for line in lines for part in line.split(",")]
    if not tags or tags == ["*"]:
        return None
    if len(tags) > 1:
        raise bad_request([Error("invalid-header", "If-Match must have one entity tag.", "If-Match")])
    found = _TAG.fullmatch(tags[0])
    if found is None or int(found[1]) > 2**31 - 1:
        raise HttpProblem(412, [Error("precondition-failed", "The registry has not sent this entity tag.", "If-Match")])
    return int(found[1])


async def read_data(request: Request, *, enveloped: bool) -> Data:
    """Read the body: the data itself, or `{"data": {"attributes": …}}`. Raises HttpProblem (400, 413, 415, 422)."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in _JSON:
        error = Error("unsupported-media-type", "The content type must be application/json.", "Content-Type")
        raise HttpProblem(415, [error], {"Accept": "application/json"})
    text = await request.body()
    try:
        value = read_json(text)
    except Refused as refused:
        raise bad_request([Error("not-json", f"{refused}.")]) from None
    steps: list[str] = []
    for name in ("data", "attributes") if enveloped else ():
        _require_object(value, steps)
        errors = [
            Error(
                "unknown-field",
                f"{shortened(member)} is not a field here; allowed fields: {name}.",
                pointer([*steps, member]),
            )
            for member in value
            if member != name
        ]
        steps.append(name)
        if name not in value:
            errors.append(Error("invalid", f"{name} is missing: it must be a JSON object.", pointer(steps)))
        if errors:
            raise HttpProblem(422, errors)
        value = value[name]
    _require_object(value, steps)
    return Data(value, text, pointer(steps))


def _require_object(value: object, steps: Sequence[str]) -> None:
    if not isinstance(value, dict):
        what = steps[-1] if steps else "The body"
        raise HttpProblem(422, [Error("invalid", f"{what} must be a JSON object.", pointer(steps))])
