"""Held messages in the database: frames that the broker refused, and frames that are held back behind them."""

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal, TypeAlias

import asyncpg

from service.store.frame import Frame
from service.store.frame_row import CHUNK_BYTES, CHUNK_MESSAGES, FRAME_COLUMNS, frame_values
from service.store.pool import Connection, transaction
from service.store.statement import statement

CORRUPT: Final = "the frame is corrupt"
"""Start of the reason of a held frame that cannot be read; frames behind it have another reason."""

HELD_ROWS: Final = 32
"""Limit of rows of one read."""

_LOAD = statement("outbox_held_load")
_PAGE = statement("outbox_held_page")
_DELETE = statement("outbox_held_delete")

_COLUMNS = (*FRAME_COLUMNS[:3], "scope", "reason", *FRAME_COLUMNS[3:])

Scope = Literal["topic", "key"]

Run: TypeAlias = Callable[["partial[Coroutine[Any, Any, Any]]"], Awaitable[Any]]
"""Runs an operation in the session of the relay."""


@dataclass(frozen=True, slots=True)
class HeldFrame:
    """Messages that are held back, and the reason.

    `scope` says which messages wait behind them: all of the shard and topic, or those with the same keys.
    """

    frame: Frame
    scope: Scope
    reason: str


class HeldStore:
    """Reads and replaces held frames in the session of the relay; every method raises StoreUnavailable."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def load(self, shards: Iterable[int], after: int = -1) -> list[HeldFrame]:
        """Read the next held rows of these shards; rows with the scope `topic` have no value."""
        rows = await self._run(partial(_load, values=(sorted(shards), after, HELD_ROWS)))
        return [held_frame_of(row) for row in rows]

    async def page(self, after: Mapping[tuple[int, str], int]) -> list[HeldFrame]:
        """Read the next held rows of each shard and topic behind a position, up to one chunk in total."""
        columns = zip(*((shard, topic, position) for (shard, topic), position in after.items()), strict=True)
        limits = HELD_ROWS, CHUNK_MESSAGES, CHUNK_BYTES
        return [held_frame_of(row) for row in await self._run(partial(_page, values=(*columns, *limits)))]

    async def replace(self, rows: Mapping[int, Iterable[HeldFrame]]) -> None:
        """Replace held rows, by position, by the rest of them; a row that was discarded meanwhile is not replaced."""
        await self._run(partial(_replace, rows={position: list(rest) for position, rest in rows.items()}))


async def _load(session: Connection, values: Sequence[object]) -> "list[asyncpg.Record]":
    return await session.fetch(_LOAD, *values)


async def _page(session: Connection, values: Sequence[object]) -> "list[asyncpg.Record]":
    return await session.fetch(_PAGE, *values)


async def _replace(session: Connection, rows: Mapping[int, list[HeldFrame]]) -> None:
    async with transaction(session):
        deleted = [row["position"] for row in await session.fetch(_DELETE, list(rows))]
        await write_held(session, (held for position in deleted for held in rows[position]))


def held_frame_of(row: "asyncpg.Record") -> HeldFrame:
    """Make a held frame from its row; the value of the frame is empty when the row was read without it."""
    position, shard, topic, messages, length, value = (row[column] for column in FRAME_COLUMNS)
    return HeldFrame(Frame(position, shard, topic, messages, length, value or b""), row["scope"], row["reason"])


async def write_held(connection: Connection, held: Iterable[HeldFrame]) -> None:
    """Write held frames in the transaction of the caller."""
    records = []
    for one in held:
        row = frame_values(one.frame)
        records.append((*row[:3], one.scope, one.reason, *row[3:]))
    if records:
        await connection.copy_records_to_table("outbox_held", columns=_COLUMNS, records=records)
