"""What comes in: a Kafka record, and what it turned out to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from service.core.command import Command

Reason: TypeAlias = Literal["not-a-cloudevent", "not-json", "too-large", "tombstone", "unknown-type", "failed"]
"""Why a record is a dead letter; `failed` is a defect of the service, not of the record."""


class Record(Protocol):
    """A record as a Kafka client gives it."""

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
    """What an installation allows: the longest body (and key) in bytes, the topics that `replyto` may name."""

    max_body_bytes: int = 262_144
    reply_topics: frozenset[str] = frozenset()


@dataclass(slots=True)
class Received:
    """A command to decide; `reply_to` is the topic for its outcome when the sender may have it there."""

    record: Record
    command: Command
    correlation_id: str | None = None
    traceparent: str | None = None
    tracestate: str | None = None
    reply_to: str | None = None


@dataclass(slots=True)
class Undecodable:
    """A record that is nobody's command, and why; it becomes a dead letter."""

    record: Record
    reason: Reason
    message: str


Parsed: TypeAlias = Received | Undecodable


class Refused(Exception):
    """A record is not a command: `reason` and a message for whoever looks after dead letters."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason: Reason = reason
