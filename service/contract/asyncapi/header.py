"""The headers of all messages as JSON Schemas. The names of attributes have the prefix `ce_` in the binary mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from service.contract.asyncapi.command_attribute import command_attributes, required_attributes
from service.contract.asyncapi.name import type_name
from service.contract.asyncapi.published_attribute import event_attributes, outcome_attributes
from service.contract.catalogue import CommandKind
from service.contract.dead_letter_mark import REPLAY_OF
from service.contract.structured import STRUCTURED

ADDRESS: Final = r"^[A-Za-z0-9._-]+:[0-9]+:[0-9]+$"
"""The pattern of the address of a record: topic, partition and offset."""

_JSON: Final[dict[str, Any]] = {
    "type": "string",
    "const": "application/json",
    "description": "Media type of the body.",
}
_BINARY: Final[dict[str, Any]] = {
    "type": "string",
    "default": "application/json",
    "examples": ["application/json"],
    "description": "application/json. It may be absent: every command in the binary mode is read as JSON.",
}
_STRUCTURED: Final[dict[str, Any]] = {
    "type": "string",
    "pattern": r"^application/cloudevents\+json *(;.*)?$",
    "examples": [STRUCTURED.decode()],
    "description": f"{STRUCTURED.decode()}, which selects the structured mode. Parameters such as charset are ignored.",
}
_REPLAY: Final[dict[str, Any]] = {
    REPLAY_OF: {
        "type": "string",
        "pattern": ADDRESS,
        "description": "Only in a record that an operator sends again from the dead-letter topic: its address there.",
    }
}


def header_schema(name: str, properties: Mapping[str, Any], required: Sequence[str]) -> dict[str, Any]:
    """Return the schema of the headers of the message with this name in the components."""
    return {"type": "object", "title": f"{name}Headers", "properties": dict(properties), "required": [*required]}


def binary_headers(kind: CommandKind, *, replies: bool) -> dict[str, Any]:
    """Return the headers of a command in the binary mode."""
    attributes = command_attributes(kind, replies=replies)
    known = {"content-type": _BINARY, **_prefixed(attributes), **_REPLAY}
    return header_schema(type_name(kind.name), known, [f"ce_{name}" for name in required_attributes(kind)])


def structured_headers(name: str) -> dict[str, Any]:
    """Return the headers of a command in the structured mode, by the name of the message in the components."""
    return header_schema(name, {"content-type": _STRUCTURED, **_REPLAY}, ["content-type"])


def event_headers(name: str, *, snapshot: bool) -> dict[str, Any]:
    """Return the headers of an event or a snapshot such as `group.created`."""
    return _written(name, *event_attributes(name, snapshot=snapshot))


def outcome_headers(name: str, *, rejected: bool) -> dict[str, Any]:
    """Return the headers of an outcome such as `command.accepted`."""
    return _written(name, *outcome_attributes(name, rejected=rejected))


def _written(name: str, attributes: Mapping[str, Any], required: Sequence[str]) -> dict[str, Any]:
    always = ["content-type", *(f"ce_{attribute}" for attribute in required)]
    return header_schema(type_name(name), {"content-type": _JSON, **_prefixed(attributes)}, always)


def _prefixed(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {f"ce_{name}": schema for name, schema in attributes.items()}
