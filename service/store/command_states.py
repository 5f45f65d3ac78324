"""What became of commands: one statement for all that are asked for, so that its answers are of one snapshot."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import asyncpg

from service.contract.topics import Topics
from service.core.decision import Status
from service.store.command_id import packed_id
from service.store.offset_fence import Origin
from service.store.pool import Connection, Pool, fetch
from service.store.statement import statement
from service.store.stored_outcome import unpacked_outcome

_STATES = statement("read/command_states")


@dataclass(frozen=True, slots=True)
class SentCommand:
    """A command by its source and id; partition and offset of its record in the command topic, if they are known."""

    source: str
    id: str
    partition: int | None = None
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class CommandState:
    """The status and the data of the outcome as JSON; both None while the inbox does not have the command.

    `passed` says whether all records up to the offset of the command are decided: a command that the inbox still does
    not have became a dead letter. A command that `waits` for a reference is not decided, so it is not passed.
    """

    status: Status | None
    outcome: bytes | None
    passed: bool
    waits: bool = False


async def command_states(
    pool: Pool, sent: Sequence[SentCommand], topics: Topics, origin: Origin | None
) -> list[CommandState]:
    """Return the state of each command, in their order.

    Commands are looked for in the command topic, then in the operator topic. Offsets are of the command topic in
    `origin`; no offset counts as passed when it is None. Raises StoreUnavailable.
    """
    return _states(sent, await fetch(pool, _STATES, *_values(sent, topics, origin)))


async def read_states(
    connection: Connection, sent: Sequence[SentCommand], topics: Topics, origin: Origin | None
) -> list[CommandState]:
    """Return what `command_states` returns, in this session. Raises the errors of the driver."""
    return _states(sent, await connection.fetch(_STATES, *_values(sent, topics, origin)))


def _values(sent: Sequence[SentCommand], topics: Topics, origin: Origin | None) -> tuple[object, ...]:
    topic = topics.commands
    return (
        [one.source for one in sent],
        [one.id for one in sent],
        [one.partition for one in sent],
        [one.offset for one in sent],
        [topic, topics.operator_commands],
        origin and origin.cluster_id,
        topic,
        origin and origin.topic_ids[topic],
        [packed_id(one.id) for one in sent],
    )


def _states(sent: Sequence[SentCommand], rows: Iterable[asyncpg.Record]) -> list[CommandState]:
    return [_state(one, row) for one, row in zip(sent, rows, strict=True)]


def _state(sent: SentCommand, row: asyncpg.Record) -> CommandState:
    value = row["outcome"]
    status, data = (None, None) if value is None else unpacked_outcome(sent.source, sent.id, value)
    return CommandState(status, data, row["passed"], row["waits"])
