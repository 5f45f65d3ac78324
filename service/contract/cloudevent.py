"""CloudEvents 1.0 out of Kafka records: binary and structured content mode (Kafka protocol binding).

Attributes become a dict of texts. Only the ones that the contract knows are looked at; a `ce_` header that is not UTF-8
is refused whatever its name, all other headers may hold anything.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from service.contract.record import Record, Refused

NOT_TEXT: Final = "\0"
"""Stands for an attribute of a structured event that is there but is not a text: no check lets it pass."""

_REQUIRED: Final = ("specversion", "id", "source", "type")
_OPTIONAL: Final = ("subject", "expectedversion", "correlationid", "traceparent", "tracestate", "replyto")
_ATTRIBUTES: Final = {f"ce_{name}": name for name in (*_REQUIRED, *_OPTIONAL)}
_MAX_ID: Final = 128
# Topic, source and id make one index entry, whose size PostgreSQL limits to some 2,700 bytes.
_MAX_SOURCE_BYTES: Final = 1024


def open_record(record: Record, value: bytes) -> tuple[dict[str, str], Any, bool]:
    """Give attributes, data, and whether the event is structured; data of a binary one is still to be read.

    Raises Refused when there is no event with an id, a source and a type in the record.
    """
    attributes: dict[str, str] = {}
    content_type: bytes | None = None
    twice: str | None = None
    header = ""
    try:
        for header, content in record.headers:
            name = _ATTRIBUTES.get(header)
            if name is not None:
                # A null header says nothing, as if it were not there.
                if content is not None:
                    text = content.decode()
                    if attributes.setdefault(name, text) != text:
                        twice = header
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
            raise Refused("not-a-cloudevent", f"content-type {media_type.decode('latin-1')[:128]} is not read here")
    if twice is not None:
        raise Refused("not-a-cloudevent", f"header {twice} is there twice with different values")
    _check(attributes)
    return attributes, None, False


def read_json(value: bytes) -> Any:
    """Read strict UTF-8 JSON: no NaN, no Infinity, no lone surrogate, not too deep. Raises Refused."""
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as wrong:
        raise Refused("not-json", f"body is not JSON: {wrong}") from None


def _structured(value: bytes) -> tuple[dict[str, str], Any]:
    event = read_json(value)
    if not isinstance(event, dict):
        raise Refused("not-a-cloudevent", "a structured event must be a JSON object")
    if "data_base64" in event:
        raise Refused("not-a-cloudevent", "data_base64 is not read here: data must be JSON")
    attributes: dict[str, str] = {}
    for name in (*_REQUIRED, *_OPTIONAL):
        content = event.get(name)
        if type(content) is str:
            attributes[name] = content
        elif content is not None:
            attributes[name] = str(content) if name == "expectedversion" and type(content) is int else NOT_TEXT
    return attributes, event.get("data")


def _check(attributes: dict[str, str]) -> None:
    """Refuse what has no usable identity."""
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
        raise Refused("not-a-cloudevent", "id and source must be texts without NUL")
