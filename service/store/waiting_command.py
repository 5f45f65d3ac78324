"""The rows of the table waiting_command: commands that wait for their references."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from service.contract.envelope import Limits, Parsed, Received, Record, parse
from service.contract.topics import Topics
from service.core.command import Command
from service.core.waiting import Reference, Wait, Waiting, subject_of
from service.store.pool import Connection
from service.store.statement import statement

_FIND = statement("waiting_find")
_TAKE = statement("waiting_take")
_MOVE = statement("waiting_move")
_DELETE = statement("waiting_delete")

_COLUMNS = (
    "kind", "subject", "reference_kind", "reference_id", "received_at", "deadline", "source", "command_id", "topic",
    "partition", "record_offset", "key", "value", "header_names", "header_values",
)  # fmt: skip


@dataclass(slots=True)
class WaitPolicy:
    """Whether commands of this process may wait, and whether any waits. Zero seconds switch waiting off.

    `commands` is the number of waiting commands when they were last counted; None before that.
    """

    seconds: float = 0.0
    most: int = 1
    commands: int | None = 0

    @property
    def looks(self) -> bool:
        """Whether a batch must look for waiting commands: with waiting switched off, only while some are left."""
        return self.seconds > 0 or self.commands != 0

    @property
    def has_room(self) -> bool:
        """Whether another command may begin to wait."""
        return self.seconds > 0 and (self.commands or 0) < self.most

    def add(self, commands: int) -> None:
        """Count commands that wait since the last count."""
        if commands and self.commands is not None:
            self.commands += commands


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record of a command topic as it was received."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """A waiting command: the id of its row, what it waits for, and its record, parsed again."""

    id: int
    wait: Wait
    expired: bool
    parsed: Parsed


async def find_waiting(connection: Connection, commands: Sequence[Command]) -> Waiting:
    """Return what waits already and concerns these commands."""
    subjects = sorted({subject_of(command) for command in commands})
    identities = dict.fromkeys((command.source, command.id, command.topic) for command in commands)
    if not identities:
        return Waiting()
    rows = await connection.fetch(_FIND, *columns_of(subjects), *zip(*identities, strict=True))
    found = [(row, Reference(row["kind"], row["subject"])) for row in rows]
    return Waiting(
        frozenset(subject for row, subject in found if row["command_id"] is None),
        {
            (row["source"], row["command_id"], row["topic"]): subject
            for row, subject in found
            if row["command_id"] is not None
        },
    )


async def add_waiting(
    connection: Connection, waits: Sequence[tuple[Received, Wait]], received_at: datetime, seconds: float
) -> None:
    """Write the rows of commands that begin to wait, in their order."""
    if waits:
        deadline = received_at + timedelta(seconds=seconds)
        rows = [_row(received, wait, received_at, deadline) for received, wait in waits]
        await connection.copy_records_to_table("waiting_command", columns=_COLUMNS, records=rows)


def _row(received: Received, wait: Wait, received_at: datetime, deadline: datetime) -> tuple[object, ...]:
    record, command = received.record, received.command
    return (
        *wait.subject,
        *(wait.reference or (None, None)),
        received_at,
        deadline,
        command.source,
        command.id,
        command.topic,
        record.partition,
        record.offset,
        record.key,
        record.value,
        [name.encode() for name, _ in record.headers],
        [value for _, value in record.headers],
    )


async def take_waiting(
    connection: Connection, subjects: Collection[Reference], most: int, topics: Topics, limits: Limits
) -> list[WaitingRow]:
    """Return waiting commands of these subjects in their order, and of each subject the first ones."""
    rows = await connection.fetch(_TAKE, *columns_of(subjects), most)
    parsed = parse([_record(row) for row in rows], topics, limits)
    return [
        WaitingRow(row["id"], Wait(Reference(row["kind"], row["subject"]), _reference(row)), row["expired"], one)
        for row, one in zip(rows, parsed, strict=True)
    ]


def _record(row: asyncpg.Record) -> Record:
    names = [name.decode() for name in row["header_names"]]
    headers = tuple(zip(names, row["header_values"], strict=True))
    return StoredRecord(row["topic"], row["partition"], row["record_offset"], row["key"], row["value"], headers)


def _reference(row: asyncpg.Record) -> Reference | None:
    return None if row["reference_kind"] is None else Reference(row["reference_kind"], row["reference_id"])


async def settle_waiting(connection: Connection, rows: Iterable[WaitingRow], waits: Mapping[int, Wait]) -> None:
    """Remove the rows that are decided, and set for what the others wait; `waits` has those of rows by their ids."""
    decided = [row.id for row in rows if row.id not in waits]
    changed = [(row.id, waits[row.id]) for row in rows if waits.get(row.id, row.wait) != row.wait]
    moved = [(id_, *wait.subject, *(wait.reference or (None, None))) for id_, wait in changed]
    if decided:
        await connection.execute(_DELETE, decided)
    if moved:
        await connection.execute(_MOVE, *zip(*moved, strict=True))


def columns_of(references: Iterable[Reference]) -> tuple[list[str], list[str]]:
    """Return the kinds and the ids, sorted, as two parameters of a statement."""
    ordered = sorted(references)
    return [kind for kind, _ in ordered], [id_ for _, id_ in ordered]
