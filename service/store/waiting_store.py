"""The store of waiting commands: it decides them when their references exist, or at their deadlines.

Such a transaction runs alone, as a batch that changes the directory does: no other batch decides anything meanwhile
about the objects that it creates, whose rows do not exist yet and cannot be locked.
"""

from collections.abc import Collection, Set
from dataclasses import dataclass

from service.contract.envelope import Limits, Undecodable
from service.core.waiting import Reference
from service.failpoint import passing
from service.settings import Settings
from service.store.command_store import Applied, CommandStore
from service.store.errors import translated_in
from service.store.lock import BEGIN_ALONE
from service.store.pool import Connection, connect
from service.store.statement import statement
from service.store.waiting_command import columns_of, settle_waiting, take_waiting

_DUE = statement("waiting_due")
_SHORTEN = statement("waiting_shorten")
_OVERVIEW = statement("waiting_overview")

DUE_SUBJECTS = 1_000
"""Limit of the subjects that are looked up at once."""


NOTHING = Applied([], 0, 0, 0, 0)
"""The result when no command of the subjects waits any more."""


@dataclass(frozen=True, slots=True)
class WaitingOverview:
    """How many commands wait, the age of the oldest, and the time to the next deadline; None if no command waits."""

    commands: int
    oldest_seconds: float
    next_seconds: float | None


class WaitingStore(CommandStore):
    """Decides waiting commands in a session of its own."""

    async def due(
        self, references: Set[Reference] = frozenset(), subjects: Set[Reference] = frozenset(), *, all_: bool = False
    ) -> list[Reference]:
        """Return subjects whose first waiting command can be decided now.

        Only the subjects that wait for these references, these subjects and those at a deadline are looked at, unless
        `all_` of them are to be. Raises StoreUnavailable.
        """
        async with self._translated_session() as connection:
            columns = *columns_of(references), *columns_of(subjects)
            rows = await connection.fetch(_DUE, *columns, all_, DUE_SUBJECTS)
        return [Reference(row["kind"], row["subject"]) for row in rows]

    async def decide(self, subjects: Collection[Reference], most: int, defect: str | None = None) -> Applied:
        """Decide at most so many waiting commands of these subjects, in their order, and commit.

        With a description of a `defect`, the first command becomes a dead letter. Raises the errors of `apply`.
        """
        limits = Limits(self._settings.max_body_bytes, frozenset(self._settings.reply_topics))
        async with self._translated_session() as connection:
            await connection.execute(BEGIN_ALONE)
            rows = await take_waiting(connection, subjects, most, self._topics, limits)
            if not rows:
                # Another process was faster.
                await connection.execute("COMMIT")
                return NOTHING
            records = [row.parsed for row in rows]
            if defect is not None and records:
                records[0] = Undecodable(records[0].record, "failed", defect)
            answered = await self._answer(connection, records, may_wait=[not row.expired for row in rows])
            await settle_waiting(connection, rows, {rows[i].id: wait for i, wait in answered.waits.items()})
            passing("before_waiting_commit")
            await connection.execute(self._commit_of(answered))
            passing("after_waiting_commit")
        return answered.applied()

    async def shorten(self, seconds: float) -> None:
        """Let no command wait for longer than this since it was received. Raises StoreUnavailable."""
        async with self._translated_session() as connection:
            await connection.execute(_SHORTEN, seconds)

    async def overview(self) -> WaitingOverview:
        """Return how many commands wait. Raises StoreUnavailable."""
        async with self._translated_session() as connection:
            return await _overview(connection)


async def waiting_overview(settings: Settings) -> WaitingOverview:
    """Return how many commands wait, for an operator. Raises StoreUnavailable."""
    connection = await connect(settings, "waiting")
    try:
        async with translated_in(connection):
            return await _overview(connection)
    finally:
        connection.terminate()


async def _overview(connection: Connection) -> WaitingOverview:
    [row] = await connection.fetch(_OVERVIEW)
    return WaitingOverview(row["commands"], row["oldest_seconds"], row["next_seconds"])
