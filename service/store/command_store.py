"""The writer: decides a batch of commands and writes state, inbox and outbox in one transaction.

The number of statements depends on the kinds of state that the batch concerns, not on the number of its commands.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence, Set
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from service.contract.envelope import Parsed, Received, Undecodable
from service.contract.message import Message, longest, oversized
from service.contract.topics import Topics
from service.core.batch import decide_batch, needs
from service.core.command import Command
from service.core.decision import Decision, Repeat
from service.core.organization import PutOrganization
from service.core.reference import PutBranch, PutProduct, PutRole
from service.core.waiting import Reference, Wait, Waiting, created, decide_or_wait, split
from service.core.world import World
from service.failpoint import passing
from service.settings import Settings
from service.store.batch_counts import SourceAndCode, TypeAndStatus, count_outcomes, count_rejections
from service.store.batch_output import BatchOutput
from service.store.concurrency import run_concurrently
from service.store.epoch import connect_writer
from service.store.errors import StoreDefect, translated_in
from service.store.http_notification import commit_of
from service.store.inbox import find_known, key_of, number_senders
from service.store.lock import BEGIN_ALONE, BEGIN_SHARED
from service.store.offset_fence import OffsetFence, Origin
from service.store.outbox_store import CHANNEL
from service.store.pool import BY_KEY, Connection
from service.store.traced_connection import traced
from service.store.waiting_command import WaitPolicy, add_waiting, find_waiting
from service.store.world_load import load_world
from service.store.world_save import save_world

if TYPE_CHECKING:
    from service.tracing import Tracing

Decide: TypeAlias = Callable[[Sequence[Command], World], tuple[Sequence[Decision | Repeat], World]]

# Decisions depend on the directory (insurer, status, existing references), and its rows are read without a lock. So a
# batch that changes the directory runs alone; other batches run at the same time.
_DIRECTORY = (PutOrganization, PutBranch, PutRole, PutProduct)


@dataclass(frozen=True, slots=True)
class Applied:
    """The result of a batch.

    `messages` are the answers in the outbox, in this order, and `states` the state records behind them. `skipped`
    records were decided by an earlier batch. `outcomes` counts the decided commands, and `rejections` the rejected
    ones. `waiting` is the number of commands that wait now, `subjects` are their subjects. `created` are the new
    objects. The last two are empty while waiting is switched off.
    """

    messages: list[Message]
    decided: int
    repeated: int
    dead_letters: int
    skipped: int
    outcomes: Mapping[TypeAndStatus, int] = field(default_factory=dict)
    rejections: Mapping[SourceAndCode, int] = field(default_factory=dict)
    waiting: int = 0
    created: frozenset[Reference] = frozenset()
    subjects: frozenset[Reference] = frozenset()
    states: Sequence[Message] = ()


@dataclass(slots=True)
class Answered:
    """Records whose answers are in the outbox, the waits by the index of their record, and the new objects.

    `commands` and `decisions` are those that are not duplicates of earlier batches.
    """

    records: list[Parsed]
    output: BatchOutput
    commands: Sequence[Command]
    decisions: Sequence[Decision | Repeat]
    waits: dict[int, Wait]
    created: frozenset[Reference]

    def applied(self, skipped: int = 0) -> Applied:
        """Return the result of the batch."""
        dead_letters = sum(isinstance(parsed, Undecodable) for parsed in self.records)
        return Applied(
            messages=self.output.messages,
            decided=len(self.output.inbox),
            repeated=len(self.records) - len(self.output.inbox) - dead_letters,
            dead_letters=dead_letters,
            skipped=skipped,
            outcomes=count_outcomes(self.commands, self.decisions),
            rejections=count_rejections(self.commands, self.decisions),
            waiting=len(self.waits),
            created=self.created,
            subjects=frozenset(wait.subject for wait in self.waits.values()),
            states=self.output.states,
        )


class CommandStore:
    """Applies batches in one database session, which is opened when needed and closed after any error.

    `held` returns the shards that this process publishes: for messages of other shards the other relays are notified.
    By the `policy`, commands wait for their references; without one, none does.
    """

    def __init__(
        self,
        settings: Settings,
        topics: Topics,
        *,
        origin: Origin,
        held: Callable[[], Set[int]] = frozenset,
        decide: Decide = decide_batch,
        tracing: "Tracing | None" = None,
        policy: WaitPolicy | None = None,
    ) -> None:
        self._settings = settings
        self._topics = topics
        self._origin = origin
        self._held = held
        self._decide = decide if tracing is None else tracing.traced("decide", decide)
        self._tracing = tracing
        self._policy = policy or WaitPolicy()
        self._connection: Connection | None = None

    async def apply(
        self,
        batch: Sequence[Parsed],
        reached: Mapping[tuple[str, int], int] | None = None,
        after: Mapping[tuple[str, int], int] | None = None,
    ) -> Applied:
        """Decide a batch and commit it, completely or not at all.

        `batch` is in offset order within each partition. `reached` are the offsets, by topic and partition, up to which
        the caller knows that all records are decided, `after` the next ones to decide if they are not just behind the
        last record. Raises StoreUnavailable, StoreRace or StoreDefect. After StoreUnavailable it is unknown whether the
        batch is committed: repeat it, the fence skips decided records.
        """
        if not batch:
            raise ValueError("a batch has at least one record")
        async with self._translated_session() as connection:
            return await self._transaction(
                connection, batch, OffsetFence(self._origin, (parsed.record for parsed in batch), reached, after)
            )

    async def pass_over(
        self, after: Mapping[tuple[str, int], int], reached: Mapping[tuple[str, int], int] | None = None
    ) -> None:
        """Move the marks to these offsets: the records before them are decided, or are never delivered.

        Raises the errors of `apply`.
        """
        async with self._translated_session() as connection:
            marks = OffsetFence(self._origin, (), reached, after)
            await connection.execute(BEGIN_SHARED)
            await marks.claim(connection)
            await marks.move(connection)
            await connection.execute("COMMIT")

    async def close(self) -> None:
        """End the session."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    def _check_lengths(self, messages: Iterable[Message]) -> None:
        # A message in the outbox that no topic accepts would delay all messages behind it.
        own = (message for message in messages if message.aggregatetype != "dead-letter")
        too_long = oversized(own, longest(self._settings.max_body_bytes))
        if too_long:
            raise StoreDefect(f"{too_long[0].type} of {too_long[0].aggregateid} is longer than its topic takes")

    async def _session(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = traced(await connect_writer(self._settings, "writer", BY_KEY), self._tracing)
        return self._connection

    @asynccontextmanager
    async def _translated_session(self) -> AsyncIterator[Connection]:
        connection = await self._session()
        try:
            async with translated_in(connection):
                yield connection
        except BaseException:
            # After any error, no state of this session may leak into the next batch.
            self._connection = None
            connection.terminate()
            raise

    async def _transaction(
        self,
        connection: Connection,
        batch: Sequence[Parsed],
        marks: OffsetFence,
    ) -> Applied:
        alone = any(isinstance(p, Received) and isinstance(p.command.body, _DIRECTORY) for p in batch)
        await connection.execute(BEGIN_ALONE if alone else BEGIN_SHARED)
        await marks.claim(connection)
        fresh = [parsed for parsed in batch if marks.is_fresh(parsed.record)]
        answered = await self._answer(connection, fresh, marks)
        waits = [(p, wait) for i, wait in answered.waits.items() if isinstance(p := fresh[i], Received)]
        await add_waiting(connection, waits, answered.output.decided_at, self._policy.seconds)
        passing("before_commit")
        await connection.execute(self._commit_of(answered))
        passing("after_commit")
        return answered.applied(len(batch) - len(fresh))

    def _commit_of(self, answered: Answered) -> str:
        """Return the statement that commits, and notifies the other relays and the API if they wait for it."""
        return f"{_notification(answered.output.messages, self._held())}{commit_of(answered.records)}"

    async def _answer(
        self,
        connection: Connection,
        records: Sequence[Parsed],
        marks: OffsetFence | None = None,
        may_wait: Sequence[bool] | None = None,
    ) -> Answered:
        """Decide the records, move the marks, and write everything but the waiting commands.

        `may_wait` says for each record of waiting commands whether it may continue to wait; None for new records.
        """
        known, numbers = await find_known(connection, records)
        passing("after_claim")
        unknown = [i for i, p in enumerate(records) if isinstance(p, Received) and key_of(p) not in known]
        commands = [p.command for i in unknown if isinstance(p := records[i], Received)]
        waits_possible = may_wait is not None or self._policy.looks
        waiting = await find_waiting(connection, commands) if may_wait is None and waits_possible else Waiting()
        loaded = await load_world(connection, needs(commands))
        output = BatchOutput(self._topics, loaded.block, loaded.decided_at)
        waits: dict[int, Wait] = {}
        decisions: Sequence[Decision | Repeat]
        if waits_possible:
            allowed = [self._policy.has_room if may_wait is None else may_wait[i] for i in unknown]
            answers, after = decide_or_wait(commands, loaded.world, waiting, allowed)
            by_command, decisions = split(answers)
            waits = {unknown[index]: wait for index, wait in by_command.items()}
            commands = [command for index, command in enumerate(commands) if index not in by_command]
        else:
            decisions, after = self._decide(commands, loaded.world)
        decided = [parsed for i, parsed in enumerate(records) if i not in waits]
        # Messages are made without the database, so this runs while the rows are saved.
        worlds = (loaded.world, after) if self._settings.state_topics else None
        answering = output.add(decided, known, decisions, worlds)
        await run_concurrently(save_world(connection, loaded.world, after), answering)
        self._check_lengths(output.messages)
        self._check_lengths(output.states)
        numbers = await number_senders(connection, (one.sender for one in output.inbox), numbers)
        await (output.copy(connection, numbers) if marks is None else output.write(connection, numbers, marks))
        new = created(loaded.world, after) if waits_possible else frozenset()
        return Answered(decided, output, commands, decisions, waits, new)


def _notification(messages: Iterable[Message], held: Set[int]) -> str:
    """Return the notification of the other relays, which is part of the statement that commits; empty without any."""
    return f"NOTIFY {CHANNEL}; " if any(message.shard not in held for message in messages) else ""
