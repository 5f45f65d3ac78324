"""Dead letters: records that are not commands, preserved byte for byte for the operator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from service.contract.header import Headers
from service.contract.message import Message, shard_of
from service.contract.record import Undecodable
from service.contract.topics import Topics
from service.version import VERSION

_CONNECT: Final = "__connect.errors."
HEADERS: Final = (
    f"{_CONNECT}topic",
    f"{_CONNECT}partition",
    f"{_CONNECT}offset",
    f"{_CONNECT}exception.message",
    "dlq_reason",
    "dlq_failed_at",
    "dlq_service_version",
)
"""The headers that a dead letter has behind those of the record."""

MAX_MESSAGE: Final = 4_000
"""The number of characters of the message."""

_FIRST: Final = 1_000
"""The number of characters in front of the place where a message is cut."""


def dead_letter(undecodable: Undecodable, position: int, failed_at: str, topics: Topics) -> Message:
    """Return a dead letter: the original key, value and headers, followed by headers for origin, reason and time."""
    record = undecodable.record
    source_position = f"{record.topic}:{record.partition}:{record.offset}"
    added = (
        record.topic,
        str(record.partition),
        str(record.offset),
        _cut(undecodable.message),
        undecodable.reason,
        failed_at,
        VERSION,
    )
    headers: Headers = [*record.headers]
    # A message may quote invalid input: replace what UTF-8 cannot encode.
    headers += [(name, text.encode(errors="replace")) for name, text in zip(HEADERS, added, strict=True)]
    return Message(
        source_position,
        "dead-letter",
        source_position,
        "dead-letter",
        topics.dead_letters,
        record.key,
        record.value,
        headers,
        # One shard per partition, so that dead letters keep the order of their records.
        shard_of(f"{record.topic}:{record.partition}".encode()),
        position,
    )


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin and reason of a dead letter; `headers` are the headers of the original record."""

    topic: str
    partition: int
    offset: int
    message: str
    reason: str
    failed_at: str
    service_version: str
    headers: Headers


def origin(headers: Headers) -> Origin | None:
    """Parse the headers that `dead_letter` added; return None when these are not the headers of a dead letter.

    Only the last headers count: the record may have been dead-lettered before, and then has such headers already.
    """
    own = headers[-len(HEADERS) :]
    if tuple(name for name, _ in own) != HEADERS:
        return None
    topic, partition, offset, message, reason, failed_at, service_version = (
        (value or b"").decode(errors="replace") for _, value in own
    )
    if not (_is_number(partition) and _is_number(offset)):
        return None
    return Origin(
        topic, int(partition), int(offset), message, reason, failed_at, service_version, headers[: -len(HEADERS)]
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 19


def _cut(message: str) -> str:
    """Return a message without its middle if it is too long: a traceback ends with the error."""
    if len(message) <= MAX_MESSAGE:
        return message
    omission = " … "
    return f"{message[:_FIRST]}{omission}{message[_FIRST + len(omission) - MAX_MESSAGE :]}"
