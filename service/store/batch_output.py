"""The output of a decided batch: events, outcomes, dead letters and states in order, and the rows of the inbox."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

import asyncpg

from service.contract.dead_letter import dead_letter
from service.contract.envelope import Received, Undecodable
from service.contract.message import Message
from service.contract.render import render, repeat_outcome, stamp_of
from service.contract.state import state_records
from service.contract.timestamp import stamp
from service.contract.topics import Topics
from service.core.decision import Decision, Repeat
from service.core.world import World
from service.store.frame import Frame, frames_of
from service.store.frame_row import FRAME_COLUMNS, frame_values, write_frames
from service.store.offset_fence import MOVE, OffsetFence
from service.store.pool import Connection
from service.store.position import BLOCK
from service.store.statement import complete, statement

Key = tuple[str, str, str]
"""Source, id and topic: together they identify a command."""

InboxRow = tuple[str, str, str, str, str, bytes, datetime]
"""A row of the inbox, with the columns of _INBOX."""

SLICE = 125
"""Records that are answered in one step of the event loop: about 3 ms."""

BATCH_END = complete(statement("batch_end"), move=MOVE)

FEW_ROWS = 100
"""Rows of the inbox, and frames, of a small batch."""

_INBOX = ("source", "command_id", "topic", "status", "subject", "outcome", "decided_at")


@dataclass(frozen=True, slots=True)
class Known:
    """The original outcome of a command."""

    outcome: bytes
    decided_at: str


def key_of(received: Received) -> Key:
    """Return the key of a command in the inbox."""
    command = received.command
    return command.source, command.id, command.topic


@dataclass(slots=True)
class BatchOutput:
    """Messages in outbox order and inbox rows of one batch. `states` are behind all other messages."""

    topics: Topics
    block: int
    decided_at: datetime
    messages: list[Message] = field(default_factory=list)
    states: list[Message] = field(default_factory=list)
    inbox: list[InboxRow] = field(default_factory=list)
    _first_answers: list[Known] = field(default_factory=list)
    _frames: list[Frame] = field(default_factory=list)

    async def add(
        self,
        batch: Sequence[Received | Undecodable],
        known: Mapping[Key, Known],
        decisions: Sequence[Decision | Repeat],
        worlds: tuple[World, World] | None = None,
    ) -> None:
        """Make the messages for each record in order, and their frames; `decisions` are those of the unknown commands.

        With the worlds before and after the batch, also the records of what changed. Works in slices, so that
        statements that run at the same time can continue.
        """
        upcoming = iter(decisions)
        for start in range(0, len(batch), SLICE):
            self._add(batch[start : start + SLICE], known, upcoming)
            await asyncio.sleep(0)
        if worlds is not None:
            stamped = stamp_of(stamp(self.decided_at), self.topics)
            behind = self.block * BLOCK + len(self.messages)
            for message in state_records(*worlds, decisions, behind, stamped):
                self.states.append(message)
                if len(self.states) % SLICE == 0:
                    await asyncio.sleep(0)
        for frame in frames_of(chain(self.messages, self.states)):
            self._frames.append(frame)
            await asyncio.sleep(0)

    def _add(
        self,
        batch: Sequence[Received | Undecodable],
        known: Mapping[Key, Known],
        upcoming: Iterator[Decision | Repeat],
    ) -> None:
        time = stamp(self.decided_at)
        first_answers = self._first_answers
        for parsed in batch:
            position = self.block * BLOCK + len(self.messages)
            if isinstance(parsed, Undecodable):
                self.messages.append(dead_letter(parsed, position, time, self.topics))
                continue
            answer = known.get(key_of(parsed))
            if answer is None:
                decision = next(upcoming)
                if isinstance(decision, Repeat):
                    answer = first_answers[decision.first]
                    first_answers.append(answer)
                else:
                    first_answers.append(self._decided(parsed, decision, position, time))
                    continue
            self.messages.append(repeat_outcome(parsed, answer.outcome, position, answer.decided_at, self.topics))

    def _decided(self, received: Received, decision: Decision, position: int, time: str) -> Known:
        messages = render(received, decision, position, time, self.topics)
        self.messages.extend(messages)
        data = messages[-1].payload or b""
        command = received.command
        self.inbox.append(
            (command.source, command.id, command.topic, decision.status, command.subject.replace("\x00", ""), data,
             self.decided_at)
        )  # fmt: skip
        return Known(data, time)

    async def write(self, connection: Connection, marks: OffsetFence) -> None:
        """Write the inbox rows, sorted by key as in every writer, and the frames of the outbox, and move the marks.

        A small batch takes one round trip. COPY has two for each table, and takes less time for each row.
        """
        self.inbox.sort(key=_inbox_key)
        if max(len(self.inbox), len(self._frames)) <= FEW_ROWS:
            values = (*_columns(self.inbox, _INBOX), *_columns(map(frame_values, self._frames), FRAME_COLUMNS))
            await marks.move(connection, BATCH_END, *values)
        else:
            await self.copy(connection)
            await marks.move(connection)

    async def copy(self, connection: Connection) -> None:
        """Write the inbox rows, sorted by key, and the frames by COPY."""
        self.inbox.sort(key=_inbox_key)
        if self.inbox:
            await connection.copy_records_to_table("inbox", columns=_INBOX, records=self.inbox)
        await write_frames(connection, self._frames)


def _columns(rows: Iterable[tuple[object, ...]], names: Sequence[str]) -> Sequence[Sequence[object]]:
    return tuple(zip(*rows, strict=True)) or ((),) * len(names)


def _inbox_key(row: InboxRow) -> Key:
    return row[:3]


def known_outcomes(rows: Sequence[asyncpg.Record]) -> dict[Key, Known]:
    """Return the outcomes of inbox rows by key."""
    return {
        (row["source"], row["command_id"], row["topic"]): Known(row["outcome"], stamp(row["decided_at"]))
        for row in rows
    }
