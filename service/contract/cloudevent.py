"""Extraction of CloudEvents 1.0 from Kafka records in binary and structured content mode (Kafka protocol binding).

Attributes are returned as a dict of strings, limited to the attributes of the contract. Every `ce_` header must be
UTF-8, whatever its name; other headers may contain any bytes.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from service.contract.record import Record, Refused

NOT_TEXT: Final = "\0"
"""Replaces an attribute of a structured event that is not a string; no later check accepts it."""

_REQUIRED: Final = ("specversion", "id", "source", "type")
_OPTIONAL: Final = ("subject", "expectedversion", "correlationid", "traceparent", "tracestate", "replyto")
_ATTRIBUTES: Final = {f"ce_{name}": name for name in (*_REQUIRED, *_OPTIONAL)}
_MAX_ID: Final = 128
# Topic, source and id form one index entry, which PostgreSQL limits to about 2,700 bytes.
_MAX_SOURCE_BYTES: Final = 1024


def open_record(record: Record, value: bytes) -> tuple[dict[str, str], Any, bool]:
    """Return the attributes, the data and whether the event is structured; for a binary event the data is None.

    Raises Refused when the record does not contain an event with an id, a source and a type.
    """
    attributes: dict[str, str] = {}
    content_type: bytes | None = None
    conflicting: str | None = None
    header = ""
    try:
        for header, content in record.headers:
            name = _ATTRIBUTES.get(header)
            if name is not None:
                # A null header counts as missing.
                if content is not None:
                    text = content.decode()
                    if attributes.setdefault(name, text) != text:
                        conflicting = header
            elif header.startswith("ce_"):
                if content is not None:
                    content.decode()
            elif len(header) == 12 and header.lower() == "content-type":
                content_type = content
    except UnicodeDecodeError:
        raise Refused("not-a-cloudevent", f"header {header} is not UTF-8") from None
    if content_type is not None and content_type != b"application/json":
        media_type = content_type.partition(b";")[0].strip().lower()
        if media_type == b"application/cloudevents+json":
            attributes, data = _structured(value)
            _check(attributes)
            return attributes, data, True
        if media_type.startswith(b"application/cloudevents"):
            raise Refused("not-a-cloudevent", f"content-type {media_type.decode('latin-1')[:128]} is not supported")
    if conflicting is not None:
        raise Refused("not-a-cloudevent", f"header {conflicting} occurs twice with different values")
    _check(attributes)
    return attributes, None, False


def read_json(value: bytes) -> Any:
    """Parse strict UTF-8 JSON: no NaN, Infinity or lone surrogates, limited nesting. Raises Refused."""
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as wrong:
        raise Refused("not-json", f"the body is not JSON: {wrong}") from None


def _structured(value: bytes) -> tuple[dict[str, str], Any]:
    event = read_json(value)
    if not isinstance(event, dict):
        raise Refused("not-a-cloudevent", "a structured event must be a JSON object")
    if "data_base64" in event:
        raise Refused("not-a-cloudevent", "data_base64 is not supported; data must be JSON")
    attributes: dict[str, str] = {}
    for name in (*_REQUIRED, *_OPTIONAL):
        content = event.get(name)
        if type(content) is str:
            attributes[name] = content
        elif content is not None:
            attributes[name] = str(content) if name == "expectedversion" and type(content) is int else NOT_TEXT
    return attributes, event.get("data")


def _check(attributes: dict[str, str]) -> None:
    """Raise Refused unless the attributes identify a command."""
    for name in _REQUIRED:
        if not attributes.get(name):
            raise Refused("not-a-cloudevent", f"attribute {name} is missing")
    identifier, source = attributes["id"], attributes["source"]
    if attributes["specversion"] != "1.0":
        raise Refused("not-a-cloudevent", f"specversion must be 1.0, not {attributes['specversion'][:32]!r}")
    if len(identifier) > _MAX_ID:
        raise Refused("not-a-cloudevent", f"id is longer than {_MAX_ID} characters")
    if len(source) > _MAX_SOURCE_BYTES // 4 and len(source.encode()) > _MAX_SOURCE_BYTES:
        raise Refused("not-a-cloudevent", f"source is longer than {_MAX_SOURCE_BYTES} bytes")
    if "\0" in identifier or "\0" in source:
        raise Refused("not-a-cloudevent", "id and source must be strings without NUL")
