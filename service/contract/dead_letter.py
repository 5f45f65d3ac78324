"""Records that are nobody's command, kept byte for byte for whoever looks after them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from service.contract.header import Headers
from service.contract.message import Message, shard_of
from service.contract.record import Undecodable
from service.contract.topics import Topics
from service.version import VERSION

_CONNECT: Final = "__connect.errors."
_NAMES: Final = (
    f"{_CONNECT}topic",
    f"{_CONNECT}partition",
    f"{_CONNECT}offset",
    f"{_CONNECT}exception.message",
    "dlq_reason",
    "dlq_failed_at",
    "dlq_service_version",
)
_MAX_MESSAGE: Final = 4_000


def dead_letter(undecodable: Undecodable, position: int, failed_at: str, topics: Topics) -> Message:
    """Write a dead letter: key, value and headers as they came, and after them where from, why and when, all text."""
    record = undecodable.record
    source_position = f"{record.topic}:{record.partition}:{record.offset}"
    about = (
        record.topic,
        str(record.partition),
        str(record.offset),
        undecodable.message[:_MAX_MESSAGE],
        undecodable.reason,
        failed_at,
        VERSION,
    )
    headers: Headers = [*record.headers]
    # A message may quote what was wrong: keep even that a text.
    headers += [(name, text.encode(errors="replace")) for name, text in zip(_NAMES, about, strict=True)]
    return Message(
        source_position,
        "dead-letter",
        source_position,
        "dead-letter",
        topics.dead_letters,
        record.key,
        record.value,
        headers,
        # One shard per partition, so that dead letters keep the order their records had.
        shard_of(f"{record.topic}:{record.partition}".encode()),
        position,
    )


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a dead letter came from and why; `headers` are those of the record it was."""

    topic: str
    partition: int
    offset: int
    message: str
    reason: str
    failed_at: str
    service_version: str
    headers: Headers


def origin(headers: Headers) -> Origin | None:
    """Read what `dead_letter` added; None when these are not the headers of a dead letter.

    Only the last headers count: the record may have been a dead letter before, and keeps what was added then.
    """
    own = headers[-len(_NAMES) :]
    if tuple(name for name, _ in own) != _NAMES:
        return None
    topic, partition, offset, message, reason, failed_at, service_version = (
        (value or b"").decode(errors="replace") for _, value in own
    )
    if not (_is_number(partition) and _is_number(offset)):
        return None
    return Origin(
        topic, int(partition), int(offset), message, reason, failed_at, service_version, headers[: -len(_NAMES)]
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 19
