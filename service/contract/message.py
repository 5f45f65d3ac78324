"""Outgoing Kafka messages, as stored in the outbox."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from zlib import crc32

from service.contract.header import Headers, derived_headers

SHARDS: Final = 16
"""The number of shards of the outbox. It determines stored values: never change it while the outbox has messages."""

BROKER_LIMIT: Final = 1_048_588
"""The default limit of a broker for a record batch, in bytes."""

# An upper bound for the headers that the registry writes, without keys.
_HEADERS_AT_MOST: Final = 8_192
_RECORD_OVERHEAD: Final = 128


@dataclass(slots=True)
class Message:
    """One message.

    `position` is its position in the outbox, `shard` the part of the outbox that it belongs to: messages of one shard
    are published in the order of their positions. `aggregatetype` is group, code, user, directory, state, outcome or
    dead-letter, and `aggregateid` is the subject. `extra` contains the headers that cannot be derived from the other
    fields; for a dead letter it contains all headers. `dataschema` is the URI of the schema of the payload as it was
    when the message was written; it may be empty. Only dead letters and tombstones may lack a payload.
    """

    id: str
    aggregatetype: str
    aggregateid: str
    type: str
    topic: str
    key: bytes | None
    payload: bytes | None
    extra: Headers
    shard: int
    position: int
    dataschema: str = ""

    @property
    def headers(self) -> Headers:
        """All headers; each access builds a new list."""
        if self.aggregatetype == "dead-letter":
            return self.extra
        schema = None if self.payload is None else self.dataschema
        derived = derived_headers(self.type, self.id, self.aggregateid, self.key, self.position, dataschema=schema)
        return derived + self.extra

    def size(self) -> int:
        """Return an upper bound of the size in a Kafka produce request, in bytes before compression."""
        total = _RECORD_OVERHEAD + len(self.key or b"") + len(self.payload or b"")
        for name, value in self.headers:
            # Name and value are each preceded by a length of up to five bytes.
            total += len(name.encode()) + len(value or b"") + 10
        return total


def shard_of(key: bytes) -> int:
    """Return the shard of the outbox for messages with this key."""
    return crc32(key) % SHARDS


def longest(max_body_bytes: int) -> int:
    """Return the message size limit of event, outcome and dead-letter topics, in bytes, for this maximum body size.

    An event contains the state before and after the change.
    """
    return max(2 * BROKER_LIMIT, 4 * max_body_bytes)


def oversized(messages: Iterable[Message], limit: int) -> list[Message]:
    """Return the messages that exceed the broker's limit in bytes; call this before they are stored."""
    return [message for message in messages if _may_exceed(message, limit) and message.size() > limit]


def _may_exceed(message: Message, limit: int) -> bool:
    # A cheap bound first: only key (also a header) and payload of the registry's own messages can be large.
    if message.aggregatetype == "dead-letter":
        return True
    return 2 * len(message.key or b"") + len(message.payload or b"") + _HEADERS_AT_MOST > limit
