"""The output of a decided batch: events, outcomes, dead letters and states in order, and the rows of the inbox."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import NamedTuple, TypeAlias

from service.contract.dead_letter import dead_letter
from service.contract.envelope import Received, Undecodable
from service.contract.message import Message
from service.contract.render import render, repeat_outcome, stamp_of
from service.contract.state import state_records
from service.contract.timestamp import stamp
from service.contract.topics import Topics
from service.core.decision import Decision, Repeat
from service.core.world import World
from service.store.command_id import packed_id
from service.store.frame import Frame, frames_of
from service.store.frame_row import FRAME_COLUMNS, frame_values, write_frames
from service.store.inbox import Key, Known, Sender, key_of
from service.store.offset_fence import MOVE, OffsetFence
from service.store.pool import Connection
from service.store.position import BLOCK
from service.store.statement import complete, statement
from service.store.stored_outcome import packed_outcome

SLICE = 125
"""Records that are answered in one step of the event loop: about 3 ms."""

BATCH_END = complete(statement("batch_end"), move=MOVE)

FEW_ROWS = 100
"""Rows of the inbox, and frames, of a small batch."""

_INBOX = ("decided_at", "sender", "command_id", "outcome")

_Row: TypeAlias = tuple[datetime, int, bytes, bytes]
"""A row of the inbox, with the columns of _INBOX."""


class Remembered(NamedTuple):
    """What the inbox keeps of a decided command: its sender, and id and outcome as stored."""

    sender: Sender
    id: bytes
    outcome: bytes


@dataclass(slots=True)
class BatchOutput:
    """Messages in outbox order and inbox rows of one batch. `states` are behind all other messages."""

    topics: Topics
    block: int
    decided_at: datetime
    messages: list[Message] = field(default_factory=list)
    states: list[Message] = field(default_factory=list)
    inbox: list[Remembered] = field(default_factory=list)
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
        stored = packed_outcome(command, decision, [message.id for message in messages[:-1]], data)
        self.inbox.append(Remembered((command.source, command.topic), packed_id(command.id), stored))
        return Known(data, time)

    async def write(self, connection: Connection, numbers: Mapping[Sender, int], marks: OffsetFence) -> None:
        """Write the inbox rows, sorted by key as in every writer, and the frames of the outbox, and move the marks.

        `numbers` has the numbers of all senders. A small batch takes one round trip. COPY has two for each table, and
        takes less time for each row.
        """
        if max(len(self.inbox), len(self._frames)) <= FEW_ROWS:
            rows = self._rows(numbers)
            values = (*_columns(rows, _INBOX), *_columns(map(frame_values, self._frames), FRAME_COLUMNS))
            await marks.move(connection, BATCH_END, *values)
        else:
            await self.copy(connection, numbers)
            await marks.move(connection)

    async def copy(self, connection: Connection, numbers: Mapping[Sender, int]) -> None:
        """Write the inbox rows, sorted by key, and the frames by COPY."""
        if self.inbox:
            await connection.copy_records_to_table("inbox", columns=_INBOX, records=self._rows(numbers))
        await write_frames(connection, self._frames)

    def _rows(self, numbers: Mapping[Sender, int]) -> list[_Row]:
        time = self.decided_at
        return sorted([(time, numbers[sender], id_, outcome) for sender, id_, outcome in self.inbox])


def _columns(rows: Iterable[tuple[object, ...]], names: Sequence[str]) -> Sequence[Sequence[object]]:
    return tuple(zip(*rows, strict=True)) or ((),) * len(names)
