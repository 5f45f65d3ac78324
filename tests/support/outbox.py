"""Read the messages of the outbox, and write messages to it."""

from typing import Any

from service.contract.header import Headers
from service.contract.message import Message
from service.store.frame import Frame, frames_of, messages_of
from service.store.frame_row import frame_of, write_frames
from service.store.position import BLOCK


async def stored_messages(connection: Any, table: str = "outbox_frame") -> list[Message]:
    """Return all messages in the frames of a table, by position."""
    rows = await connection.fetch(f"SELECT * FROM {table}")  # noqa: S608  # a name from this file
    return sorted((m for row in rows for m in messages_of(frame_of(row))), key=lambda m: m.position)


TOPIC = "registry.directory.events.v1"
TYPE = "producer-registry.organization.created.v1"
FIRST = 100_000_000_007 * BLOCK
"""The first position of a block."""

_HOLD = """
    INSERT INTO outbox_held (position, shard, topic, scope, reason, messages, raw_bytes, value)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""


def message(number: int, topic: str = TOPIC, *, shard: int = 3, payload: bytes | None = b"{}") -> Message:
    """Return an event with a position in the block of FIRST."""
    extra: Headers = [("ce_entityversion", b"1")]
    key = f"pc:{number}".encode()
    return Message(f"e{number}", "directory", f"pc:{number}", TYPE, topic, key, payload, extra, shard, FIRST + number)


def frame(*messages: Message) -> Frame:
    """Return one frame with these messages, which have the same shard and topic."""
    [one] = frames_of(messages)
    return one


async def put(connection: Any, *messages: Message) -> None:
    """Write messages to the outbox, those of the same shard and topic in one frame."""
    await write_frames(connection, frames_of(messages))


async def hold(connection: Any, reason: str, *messages: Message, scope: str = "topic") -> None:
    """Write held messages with a reason, those of the same shard and topic in one frame."""
    for one in frames_of(messages):
        await hold_frame(connection, one, reason, scope)


async def hold_frame(connection: Any, one: Frame, reason: str, scope: str = "topic") -> None:
    """Write a held frame with any value."""
    size = one.messages, one.raw_bytes, one.value
    await connection.execute(_HOLD, one.position, one.shard, one.topic, scope, reason, *size)
