"""Derived ids: RFC 4122 UUIDv5 text under one constant namespace, so that every installation derives the same.

Written with `hashlib` because this runs several times per command: `uuid.uuid5` takes about three times as long.
A name starts with its kind, and a part that a sender chooses is preceded by its length: no two names can be confused.
"""

from __future__ import annotations

from hashlib import sha1
from typing import Final, Literal

# A stored name: changing it changes every derived id.
NAMESPACE: Final = bytes.fromhex("6f1d5bb2c1a84e0e9d0b5a7c3f2e4d19")

_VARIANT: Final = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
_seed: Final = sha1(NAMESPACE, usedforsecurity=False)


def _uuid5(name: str) -> str:
    digest = _seed.copy()
    digest.update(name.encode())
    text = digest.hexdigest()
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:32]}"


def created_subject(source: str, command_id: str) -> str:
    """Derive the id of what a create without a subject creates."""
    return _uuid5(f"subject\x1f{len(source)}\x1f{source}\x1f{command_id}")


def event_id(topic: str, source: str, command_id: str, position: int) -> str:
    """Derive the id of the event at `position` (from 0) among the events of a command."""
    return _uuid5(f"event\x1f{len(topic)}\x1f{topic}\x1f{len(source)}\x1f{source}\x1f{position}\x1f{command_id}")


def outcome_id(topic: str, source: str, command_id: str) -> str:
    """Derive the id of the outcome of a command."""
    return _uuid5(f"outcome\x1f{len(topic)}\x1f{topic}\x1f{len(source)}\x1f{source}\x1f{command_id}")


def association_id(kind: Literal["user", "group"], owner_id: str, code_id: str) -> str:
    """Derive the id of an association from its owner's kind, the owner and the producer code."""
    return _uuid5(f"association\x1f{kind}\x1f{owner_id}\x1f{code_id}")
