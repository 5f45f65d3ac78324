"""Commands for senders: structured events, and their Kafka records in binary or structured content mode."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import orjson

from service.contract.catalogue import COMMANDS, wire_type
from service.contract.topics import Topics

_TYPES: Final = {kind.type: kind for kind in COMMANDS}
_NAMES: Final = {kind.name: kind for kind in COMMANDS}


class Unsendable(ValueError):
    """The input is not a command; the message states what is missing or wrong."""


@dataclass(frozen=True, slots=True)
class CommandRecord:
    """A record to produce."""

    topic: str
    key: bytes | None
    value: bytes
    headers: list[tuple[str, bytes]]


def command_event(name: str, data: Mapping[str, Any], *, id: str, source: str, **attributes: Any) -> dict[str, Any]:  # noqa: A002  # the attribute's name
    """Build a structured event for a command such as `group.create`.

    `attributes` are optional ones by their CloudEvents names (`subject`, `expectedversion`, `partitionkey`, …);
    attributes with the value None are omitted.
    """
    given = {name: value for name, value in attributes.items() if value is not None}
    return {
        "specversion": "1.0",
        "id": id,
        "source": source,
        "type": wire_type(name),
        **given,
        "datacontenttype": "application/json",
        "data": data,
    }


def read_line(line: bytes | str) -> dict[str, Any]:
    """Read a structured event from one line of JSON. Raises Unsendable."""
    try:
        event = orjson.loads(line)
    except orjson.JSONDecodeError as wrong:
        raise Unsendable(f"not JSON: {wrong.msg}, at column {wrong.colno}") from None
    if not isinstance(event, dict):
        raise Unsendable("not a JSON object")
    return event


def command_record(
    event: Mapping[str, Any], topics: Topics, mode: Literal["binary", "structured"] = "binary"
) -> CommandRecord:
    """Build the record of a structured event for the topic of its command.

    The type may be short (`group.create`). Raises Unsendable when id, source or a known type is missing. The data is
    not checked, so that the sender receives the registry's own outcome.
    """
    named = event.get("type")
    kind = _TYPES.get(str(named)) or _NAMES.get(str(named))
    if kind is None:
        raise Unsendable(f"type {named!r} is not a command; the known types are {', '.join(_NAMES)}")
    for name in ("id", "source"):
        if event.get(name) is None:
            raise Unsendable(f"{name} is missing")
        if not isinstance(event[name], str) or not event[name]:
            raise Unsendable(f"{name} must be a string that is not empty")
    complete = {"specversion": "1.0", "datacontenttype": "application/json", **event, "type": kind.type}
    key = _key(event)
    topic = topics.for_command[kind.type]
    if mode == "structured":
        headers = [("content-type", b"application/cloudevents+json; charset=utf-8")]
        return CommandRecord(topic, key, orjson.dumps(complete), headers)
    headers = [("content-type", str(complete.pop("datacontenttype")).encode())]
    data = complete.pop("data", None)
    headers += [(f"ce_{name}", _text(value).encode()) for name, value in complete.items() if value is not None]
    return CommandRecord(topic, key, orjson.dumps(data), headers)


def _key(event: Mapping[str, Any]) -> bytes | None:
    """Return the key: the partition key of the event, or the organization in its data, or its subject."""
    data = event.get("data")
    candidates: list[object] = [event.get("partitionkey")]
    if isinstance(data, dict):
        organization = data.get("organization")
        candidates += [data.get("distributor_id"), organization.get("id") if isinstance(organization, dict) else None]
    candidates.append(event.get("subject"))
    key = next((name for name in candidates if isinstance(name, str) and name), None)
    return None if key is None else key.encode()


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
