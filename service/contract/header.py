"""Message headers that are derived from other fields of the message."""

from __future__ import annotations

from functools import lru_cache

from service.contract.catalogue import SOURCE

Headers = list[tuple[str, bytes | None]]


@lru_cache(maxsize=256)
def _constant(type_: str, dataschema: str | None) -> tuple[tuple[str, bytes | None], ...]:
    headers: tuple[tuple[str, bytes | None], ...] = (
        ("ce_specversion", b"1.0"),
        ("ce_source", SOURCE.encode()),
        ("ce_type", type_.encode()),
    )
    if dataschema is None:
        return headers
    headers = (("content-type", b"application/json"), *headers)
    return (*headers, ("ce_dataschema", dataschema.encode())) if dataschema else headers


def derived_headers(
    type_: str, identifier: str, subject: str, key: bytes | None, position: int, *, dataschema: str | None
) -> Headers:
    """Return the headers derived from type, id, subject, key, outbox position and schema of a message.

    Subject and schema may be empty. The schema is None for a message without data.
    """
    headers = [*_constant(type_, dataschema), ("ce_id", identifier.encode()), ("ce_sequence", b"%020d" % position)]
    if subject:
        headers.append(("ce_subject", subject.encode()))
    if key and _is_text(key):
        headers.append(("ce_partitionkey", key))
    return headers


def _is_text(key: bytes) -> bool:
    if key.isascii():
        return True
    try:
        key.decode()
    except UnicodeDecodeError:
        return False
    return True
