"""Frames as rows of the table outbox_frame."""

from collections.abc import Iterable
from typing import Final

import asyncpg

from service.store.frame import Frame
from service.store.pool import Connection

CHUNK_MESSAGES: Final = 2_000
CHUNK_BYTES: Final = 8 * 1024 * 1024
"""Limits of what one statement reads: messages, and raw bytes of their frames."""

FRAME_COLUMNS: Final = ("position", "shard", "topic", "messages", "raw_bytes", "value")


def frame_of(row: "asyncpg.Record") -> Frame:
    """Make a frame from its row."""
    return Frame(*(row[column] for column in FRAME_COLUMNS))


def frame_values(frame: Frame) -> tuple[int, int, str, int, int, bytes]:
    """The values of a row, in the order of FRAME_COLUMNS."""
    return frame.position, frame.shard, frame.topic, frame.messages, frame.raw_bytes, frame.value


async def write_frames(connection: Connection, frames: Iterable[Frame]) -> None:
    """Write frames to the outbox, on any connection; their positions lie in a block that was taken for them."""
    await connection.copy_records_to_table("outbox_frame", columns=FRAME_COLUMNS, records=map(frame_values, frames))
