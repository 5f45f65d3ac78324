"""Frames as rows of the table outbox_frame."""

from collections.abc import Callable, Iterable
from dataclasses import fields
from operator import attrgetter
from typing import Any, Final

import asyncpg

from service.store.frame import Frame
from service.store.pool import Connection

CHUNK_MESSAGES: Final = 4_000
CHUNK_BYTES: Final = 8 * 1024 * 1024
"""Limits of one read: messages, and raw bytes of their frames."""

FRAME_COLUMNS: Final = tuple(field.name for field in fields(Frame))
"""The columns of a frame, in outbox_frame and in the other tables of the outbox; they have the names of its fields."""

frame_values: Final[Callable[[Frame], tuple[Any, ...]]] = attrgetter(*FRAME_COLUMNS)
"""Return the values of a row, in the order of FRAME_COLUMNS."""


def frame_of(row: "asyncpg.Record") -> Frame:
    """Make a frame from its row."""
    return Frame(*(row[column] for column in FRAME_COLUMNS))


async def write_frames(connection: Connection, frames: Iterable[Frame]) -> None:
    """Write frames to the outbox; their positions are in a block that the caller took for them."""
    await connection.copy_records_to_table("outbox_frame", columns=FRAME_COLUMNS, records=map(frame_values, frames))
