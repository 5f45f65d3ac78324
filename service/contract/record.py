"""Incoming Kafka records and their parse results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeAlias

from service.core.command import Command

Reason: TypeAlias = Literal["not-a-cloudevent", "not-json", "too-large", "tombstone", "unknown-type", "failed"]
"""Why a record is dead-lettered; `failed` indicates a bug in the service, not in the record."""

REASONS: Final[dict[Reason, str]] = {
    "not-a-cloudevent": "id, source or type is missing or malformed, or a header with the prefix ce_ is not UTF-8",
    "not-json": "the body or data_base64 is not strict JSON",
    "too-large": "the body or the key is longer than the limit of bodies",
    "tombstone": "the record has no body",
    "unknown-type": "the type is not known, perhaps because the sender is newer than the registry",
    "failed": "a defect of the registry; the record may be right",
}
"""The reasons with their causes, for people."""


class Record(Protocol):
    """A record as Kafka clients provide it."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of an installation: the maximum size of body and key in bytes, the topics allowed in `replyto`."""

    max_body_bytes: int = 262_144
    reply_topics: frozenset[str] = frozenset()


@dataclass(slots=True)
class Received:
    """A command to decide; `reply_to` is the requested topic of its outcome, if it is allowed."""

    record: Record
    command: Command
    correlation_id: str | None = None
    traceparent: str | None = None
    tracestate: str | None = None
    reply_to: str | None = None


@dataclass(slots=True)
class Undecodable:
    """A record that is not a command, and the reason; it is sent to the dead-letter topic."""

    record: Record
    reason: Reason
    message: str


Parsed: TypeAlias = Received | Undecodable


class Refused(Exception):
    """A record is not a command: `reason` and a message for the operator."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason: Reason = reason
