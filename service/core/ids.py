"""Derived ids: RFC 4122 UUIDv5 text under one constant namespace, so that every installation derives the same ids.

Implemented with `hashlib` because this runs several times per command: `uuid.uuid5` takes about three times as long.
A name starts with its kind, and each part that a sender chooses is preceded by its length, so names are unambiguous.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha1
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from hashlib import _Hash as HASH

# Derived ids are stored: a change of the namespace would change all of them.
NAMESPACE: Final = bytes.fromhex("6f1d5bb2c1a84e0e9d0b5a7c3f2e4d19")

Cause: TypeAlias = tuple[str, str, str]
"""Topic, source and id of the command that a message comes from."""

_VARIANT: Final = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
_seed: Final = sha1(NAMESPACE, usedforsecurity=False)


def _uuid5(digest: HASH) -> str:
    text = digest.hexdigest()
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:32]}"


@lru_cache(maxsize=1024)
def _digest_of_prefix(name: str) -> HASH:
    """Hash the prefix that many names share: the names of one sender differ only in the last part."""
    digest = _seed.copy()
    digest.update(name.encode())
    return digest


@lru_cache(maxsize=1024)
def _digest_of_sender(topic: str, source: str) -> HASH:
    return _digest_of_prefix(f"message\x1f{len(topic)}\x1f{topic}\x1f{len(source)}\x1f{source}\x1f")


def created_subject(source: str, command_id: str) -> str:
    """Derive the subject of a create command that has none."""
    digest = _digest_of_prefix(f"subject\x1f{len(source)}\x1f{source}\x1f").copy()
    digest.update(command_id.encode())
    return _uuid5(digest)


def message_id(cause: Cause, type_: str, subject: str, version: int | None, data: bytes) -> str:
    """Derive the id of an event or outcome from the command that caused it and from its content.

    A command that is decided again after a restore gives the same id only with the same content.
    """
    topic, source, command_id = cause
    digest = _digest_of_sender(topic, source).copy()
    parts = f"{len(command_id)}\x1f{command_id}\x1f{type_}\x1f{len(subject)}\x1f{subject}\x1f{version}\x1f"
    digest.update(parts.encode())
    digest.update(data)
    return _uuid5(digest)


def association_id(kind: Literal["user", "group"], owner_id: str, code_id: str) -> str:
    """Derive the id of an association from its owner's kind, the owner and the producer code."""
    digest = _digest_of_prefix(f"association\x1f{kind}\x1f").copy()
    digest.update(f"{owner_id}\x1f{code_id}".encode())
    return _uuid5(digest)
