"""Extraction of CloudEvents 1.0 from Kafka records in binary and structured content mode (Kafka protocol binding).

Attributes are returned as a dict of strings, limited to the attributes of the contract. Every `ce_` header must be
UTF-8, whatever its name; other headers may contain any bytes.
"""

from __future__ import annotations

from typing import Final

from service.contract.attribute_name import READ, REQUIRED, UNREAD, misspelt
from service.contract.attribute_rule import MAX_SOURCE_BYTES, RULES
from service.contract.record import Record, Refused
from service.contract.structured import STRUCTURED, StructuredEvent, looks_structured, open_structured
from service.core.problem import shortened

_ATTRIBUTES: Final = {f"ce_{name}": name for name in READ}
_UNREAD: Final = frozenset(f"ce_{name}" for name in UNREAD)
_TRACE: Final = {"ce_traceparent": ("traceparent", "tracestate"), "ce_tracestate": ("tracestate",)}


def open_record(record: Record, value: bytes) -> tuple[dict[str, str], dict[str, str], StructuredEvent | None]:
    """Return the attributes, the misspelt names of attributes with the right names, and a structured event.

    In binary mode the structured event is None, and the data is the value of the record. Raises Refused when the record
    does not contain an event with an id, a source and a type.
    """
    attributes, misspellings, conflicting, content_type = _read_headers(record)
    if content_type is not None and content_type != b"application/json":
        media_type = content_type.partition(b";")[0].strip().lower()
        if media_type == STRUCTURED:
            event = open_structured(value)
            try:
                _check(event.attributes)
            except Refused as refused:
                raise Refused(refused.reason, f"{refused}{_misspelling(event.misspelt)}") from None
            return event.attributes, event.misspelt, event
        if media_type.startswith(b"application/cloudevents"):
            raise Refused("not-a-cloudevent", f"content-type {media_type.decode('latin-1')[:128]} is not supported")
    if conflicting:
        _drop_trace(attributes, conflicting)
    try:
        _check(attributes)
    except Refused as refused:
        raise Refused(refused.reason, f"{refused}{_hint(record, value, misspellings)}") from None
    return attributes, misspellings, None


def _read_headers(record: Record) -> tuple[dict[str, str], dict[str, str], list[str], bytes | None]:
    """Return attributes, misspelt names, headers that occur twice with different values, and the content type."""
    attributes: dict[str, str] = {}
    misspellings: dict[str, str] = {}
    conflicting: list[str] = []
    content_type: bytes | None = None
    header = ""
    try:
        for header, content in record.headers:
            name = _ATTRIBUTES.get(header)
            if name is not None:
                # A null header counts as missing.
                if content is not None:
                    text = content.decode()
                    if attributes.setdefault(name, text) != text:
                        conflicting.append(header)
            elif header.startswith("ce_"):
                if content is not None:
                    content.decode()
                    if header not in _UNREAD and (meant := misspelt(header[3:])) is not None:
                        misspellings[header[3:]] = meant
            elif len(header) == 12 and header.lower() == "content-type":
                content_type = content
    except UnicodeDecodeError:
        raise Refused("not-a-cloudevent", f"header {shortened(header)} is not UTF-8") from None
    return attributes, misspellings, conflicting, content_type


def _drop_trace(attributes: dict[str, str], conflicting: list[str]) -> None:
    """Drop a trace that is given twice, which never affects a command. Raises Refused for other attributes."""
    for header in conflicting:
        if header not in _TRACE:
            raise Refused("not-a-cloudevent", f"header {header} occurs twice with different values")
        for name in _TRACE[header]:
            attributes.pop(name, None)


def _check(attributes: dict[str, str]) -> None:
    """Raise Refused unless the attributes identify a command."""
    for name in REQUIRED:
        if not attributes.get(name):
            raise Refused("not-a-cloudevent", f"attribute {name} is missing")
    identifier, source = attributes["id"], attributes["source"]
    if attributes["specversion"] != "1.0":
        raise Refused("not-a-cloudevent", f"specversion must be 1.0, not {attributes['specversion'][:32]!r}")
    if not RULES["id"].accepts(identifier):
        raise Refused("not-a-cloudevent", f"id must be {RULES['id'].description}")
    # A source that can be stored identifies the command, also if it is not a URI reference: then it is rejected.
    if len(source) > MAX_SOURCE_BYTES // 4 and len(source.encode()) > MAX_SOURCE_BYTES:
        raise Refused("not-a-cloudevent", f"source is longer than {MAX_SOURCE_BYTES} bytes")
    if "\0" in source:
        raise Refused("not-a-cloudevent", "source must be a string without NUL")


def _hint(record: Record, value: bytes, misspellings: dict[str, str]) -> str:
    """Return the likely reason why a record has no event in binary mode, as the end of a message; perhaps empty."""
    if misspelling := _misspelling(misspellings):
        return misspelling
    for header, _ in record.headers:
        if header[:3].lower() in {"ce-", "ce_"} and header[:3] != "ce_":
            return f"; the header {shortened(header)} must begin with ce_, as in the Kafka binding of CloudEvents"
    if looks_structured(value):
        return f"; a structured event needs the header content-type: {STRUCTURED.decode()}"
    return ""


def _misspelling(misspellings: dict[str, str]) -> str:
    found = next(((name, meant) for name, meant in misspellings.items() if meant in REQUIRED), None)
    return "" if found is None else f"; {found[0]} must be written {found[1]}"
