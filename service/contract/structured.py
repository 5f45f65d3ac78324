"""CloudEvents in structured content mode: one JSON object with the attributes and the data."""

from __future__ import annotations

import base64
from typing import Any, Final, NamedTuple

import orjson

from service.contract.attribute_name import READ, REQUIRED, misspelt
from service.contract.record import Refused

STRUCTURED: Final = b"application/cloudevents+json"
"""The media type of a record in structured mode."""

NOT_TEXT: Final = "\0"
"""Replaces an optional attribute that is not a string; no later check accepts it."""

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


class StructuredEvent(NamedTuple):
    """Attributes, misspelt names with the right ones, the data, and the JSON text that contains the data."""

    attributes: dict[str, str]
    misspelt: dict[str, str]
    data: Any
    text: bytes


def read_json(value: bytes, what: str = "the body") -> Any:
    """Parse strict UTF-8 JSON: no NaN, Infinity or lone surrogates, limited nesting. Raises Refused."""
    try:
        return orjson.loads(value.removeprefix(_BYTE_ORDER_MARK))
    except orjson.JSONDecodeError as wrong:
        raise Refused("not-json", f"{what} is not JSON: {wrong}") from None


def looks_structured(value: bytes) -> bool:
    """Return whether a value is a structured event, although its record does not say so."""
    try:
        event = read_json(value)
    except Refused:
        return False
    return isinstance(event, dict) and "specversion" in event


def open_structured(value: bytes) -> StructuredEvent:
    """Read a structured event; missing attributes are left out. Raises Refused."""
    event = read_json(value)
    if not isinstance(event, dict):
        raise Refused("not-a-cloudevent", "a structured event must be a JSON object")
    attributes: dict[str, str] = {}
    for name in READ:
        content = event.get(name)
        if type(content) is str:
            attributes[name] = content
        elif content is not None:
            attributes[name] = _text(name, content)
    wrong = {
        name: meant
        for name, content in event.items()
        if content is not None and (meant := misspelt(name, member=True)) is not None
    }
    data, text = _data(event, value)
    return StructuredEvent(attributes, wrong, data, text)


def _text(name: str, content: object) -> str:
    """Return the text of an attribute that is not a string. Raises Refused for one that identifies the command."""
    if name == "expectedversion" and type(content) is int:
        return str(content)
    if name in REQUIRED:
        reason: Final = "unknown-type" if name == "type" else "not-a-cloudevent"
        raise Refused(reason, f"{name} must be a JSON string, not {_described(content)}")
    return NOT_TEXT


def _described(content: object) -> str:
    match content:
        case bool():
            return str(content).lower()
        case dict():
            return "an object"
        case list():
            return "an array"
    return f"the number {str(content)[:32]}"


def _data(event: dict[str, Any], value: bytes) -> tuple[Any, bytes]:
    """Return the data and the JSON text that contains it. Raises Refused."""
    encoded = event.get("data_base64")
    if encoded is None:
        return event.get("data"), value
    if event.get("data") is not None:
        raise Refused("not-a-cloudevent", "an event has either data or data_base64, not both")
    try:
        text = base64.b64decode(encoded, validate=True)
    except (ValueError, TypeError):
        raise Refused("not-json", "data_base64 must be a text in base64") from None
    return read_json(text, "data_base64"), text
