"""Records and parse results for the tests of the contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

import orjson

from service.contract.envelope import Limits, Received, Undecodable, parse
from service.contract.sending import command_record
from service.contract.topics import Topics
from service.core.command import Invalid
from service.core.problem import Problems
from tests.support.record import FakeRecord

TOPICS: Final = Topics()
LIMITS: Final = Limits()
AT: Final = "2026-11-22T10:00:00.000000Z"

Header = tuple[str, bytes | None]


def record(
    event: Mapping[str, Any], mode: Literal["binary", "structured"] = "binary", topic: str | None = None
) -> FakeRecord:
    """Return the record of a structured event as a sender would write it."""
    sent = command_record(event, TOPICS, mode)
    return FakeRecord(topic or sent.topic, 3, 17, sent.key, sent.value, tuple(sent.headers))


def raw(value: bytes | None, headers: Iterable[Header] = (), key: bytes | None = b"pc:1") -> FakeRecord:
    """Return a record of any bytes on the command topic."""
    return FakeRecord(TOPICS.commands, 3, 17, key, value, tuple(headers))


def binary(value: bytes | None = b"{}", *more: Header, **attributes: bytes | str | None) -> FakeRecord:
    """Return a record in binary mode: a valid user.update with changed attributes; None omits an attribute."""
    valid: dict[str, bytes | str | None] = {
        "specversion": "1.0",
        "id": "c-1",
        "source": "/agency-management",
        "type": "producer-registry.user.update.v1",
        "subject": "pc:310",
    }
    given = [
        (f"ce_{name}", text.encode() if isinstance(text, str) else text)
        for name, text in (valid | attributes).items()
        if text is not None
    ]
    return raw(value, [*given, *more])


def structured(event: object, content_type: bytes = b"application/cloudevents+json") -> FakeRecord:
    """Return a record in structured mode with any JSON value, or with the given bytes."""
    value = event if isinstance(event, bytes) else orjson.dumps(event)
    return raw(value, [("content-type", content_type)])


def event(**changed: object) -> dict[str, object]:
    """Return a valid structured user.update with changed attributes; None omits an attribute."""
    valid: dict[str, object] = {
        "specversion": "1.0",
        "id": "c-1",
        "source": "/agency-management",
        "type": "producer-registry.user.update.v1",
        "subject": "pc:310",
        "data": {"name": "Ray Newton"},
    }
    return {name: value for name, value in (valid | changed).items() if value is not None}


def parsed(one: FakeRecord, limits: Limits = LIMITS) -> Received | Undecodable:
    """Parse one record."""
    (answer,) = parse([one], TOPICS, limits)
    return answer


def received(one: FakeRecord, limits: Limits = LIMITS) -> Received:
    """Parse a record that is a command."""
    answer = parsed(one, limits)
    assert isinstance(answer, Received), f"dead letter: {answer}"
    return answer


def problems(one: FakeRecord, limits: Limits = LIMITS) -> Problems:
    """Parse a record that is a command, and return its problems."""
    body = received(one, limits).command.body
    return body.problems if isinstance(body, Invalid) else ()


def refusals(name: str, data: object, **attributes: Any) -> list[tuple[str, str]]:
    """Return (path, code) of all problems of the data of a command."""
    subject = {"subject": "pc:669", **attributes}
    sent = {"type": name, "id": "c-1", "source": "/agency-management", "data": data, **subject}
    return [(problem.path, problem.code) for problem in problems(record(sent))]
