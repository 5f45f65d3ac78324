"""What goes out: a Kafka message on its way through the outbox."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from zlib import crc32

from service.contract.header import Headers, derived_headers

SHARDS: Final = 16
"""Into so many parts the outbox is split; stored, so never change it with messages in the outbox."""

BROKER_LIMIT: Final = 1_048_588
"""What a broker takes by default as the longest record batch, bytes."""

# Everything the registry itself puts into headers, keys aside, stays below this.
_HEADERS_AT_MOST: Final = 8_192
_RECORD_OVERHEAD: Final = 128


@dataclass(slots=True)
class Message:
    """One message.

    `position` is its place in the outbox and `shard` the part of the outbox it belongs to: messages of one shard are
    published in the order of their positions. `aggregatetype` is group, code, user, directory, outcome or dead-letter,
    and `aggregateid` is the subject.
    `extra` are the headers that do not follow from the rest; a dead letter's are all in there.
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

    @property
    def headers(self) -> Headers:
        """All headers, made anew at each call."""
        if self.aggregatetype == "dead-letter":
            return self.extra
        return derived_headers(self.type, self.id, self.aggregateid, self.key, self.position) + self.extra

    def size(self) -> int:
        """Give an upper bound of the bytes that the message takes in a Kafka produce request, before compression."""
        total = _RECORD_OVERHEAD + len(self.key or b"") + len(self.payload or b"")
        for name, value in self.headers:
            # Two lengths of up to five bytes each stand before name and value.
            total += len(name.encode()) + len(value or b"") + 10
        return total


def shard_of(key: bytes) -> int:
    """Give the part of the outbox that messages of this key go through."""
    return crc32(key) % SHARDS


def longest(max_body_bytes: int) -> int:
    """Give how many bytes the topics of events, outcomes and dead letters take, when bodies may be so long.

    An event holds the state before and after.
    """
    return max(2 * BROKER_LIMIT, 4 * max_body_bytes)


def oversized(messages: Iterable[Message], limit: int) -> list[Message]:
    """Find the messages that a broker with this limit in bytes would refuse; to be asked before they are stored."""
    return [message for message in messages if _may_exceed(message, limit) and message.size() > limit]


def _may_exceed(message: Message, limit: int) -> bool:
    # A cheap bound first: of our own messages only key (which is a header too) and payload can be big.
    if message.aggregatetype == "dead-letter":
        return True
    return 2 * len(message.key or b"") + len(message.payload or b"") + _HEADERS_AT_MOST > limit
