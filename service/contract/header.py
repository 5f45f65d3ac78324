"""Headers of messages: those that follow from the rest of a message, and how the others are stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import orjson

from service.contract.catalogue import PUBLISHED, SOURCE, schema_address, wire_type
from service.contract.dense import dense

Headers = list[tuple[str, bytes | None]]


def _constant(name: str) -> Headers:
    return [
        ("content-type", b"application/json"),
        ("ce_specversion", b"1.0"),
        ("ce_source", SOURCE.encode()),
        ("ce_type", wire_type(name).encode()),
        ("ce_dataschema", schema_address(name).encode()),
    ]


_CONSTANT: Final = {wire_type(name): _constant(name) for name in PUBLISHED}


def derived_headers(type_: str, identifier: str, subject: str, key: bytes | None, position: int) -> Headers:
    """Give the headers that follow from type, id, subject (empty when there is none), key and place of a message."""
    headers = [*_CONSTANT[type_], ("ce_id", identifier.encode()), ("ce_sequence", b"%020d" % position)]
    if subject:
        headers.append(("ce_subject", subject.encode()))
    if key and _is_text(key):
        headers.append(("ce_partitionkey", key))
    return headers


def encode_headers(headers: Sequence[tuple[str, bytes | None]]) -> bytes:
    """Write headers as JSON, [[name, text or null], ...], each byte of a value as the character of that number."""
    return dense([(name, None if value is None else value.decode("latin-1")) for name, value in headers])


def decode_headers(stored: bytes) -> Headers:
    """Read what `encode_headers` wrote."""
    return [(name, None if value is None else value.encode("latin-1")) for name, value in orjson.loads(stored)]


def _is_text(key: bytes) -> bool:
    if key.isascii():
        return True
    try:
        key.decode()
    except UnicodeDecodeError:
        return False
    return True
