"""The loop that decides commands which wait for their references.

It is woken by each batch of this process that creates an object or lets a command wait. In case that a process dies
before it is woken, all waiting commands are looked at once in a while.
"""

import asyncio
import time
import traceback
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final, Protocol

from consumers.backoff import Backoff, pause
from consumers.reading.batch_metrics import BatchMetrics
from consumers.shutdown import Shutdown
from service.core.waiting import Reference
from service.log_condition import LogCondition
from service.resource_exhaustion import is_resource_exhaustion
from service.store.command_store import Applied
from service.store.errors import StoreRace, StoreUnavailable
from service.store.waiting_command import WaitPolicy
from service.store.waiting_store import WaitingOverview
from service.telemetry import DEAD_LETTERS, TROUBLE, WAITING_COMMANDS, WAITING_OLDEST_SECONDS, log

ALL_SECONDS: Final = 10.0
"""Time between two looks at all waiting commands, and between two counts while none waits."""

COUNT_SECONDS: Final = 1.0
"""Time between two counts while commands wait; deadlines are noticed as late as that."""

_log = log(__name__)


class Store(Protocol):
    """The methods of `WaitingStore` that are used here."""

    async def due(
        self, references: frozenset[Reference], subjects: frozenset[Reference], *, all_: bool
    ) -> list[Reference]:
        """Return subjects whose first waiting command can be decided now."""

    async def decide(self, subjects: Sequence[Reference], most: int, defect: str | None = None) -> Applied:
        """Decide waiting commands of these subjects."""

    async def shorten(self, seconds: float) -> None:
        """Let no command wait for longer than this."""

    async def overview(self) -> WaitingOverview:
        """Return how many commands wait."""

    async def close(self) -> None:
        """End the session."""


class WaitingCommands:
    """Decides waiting commands until the shutdown begins; `decided` is called after each transaction."""

    def __init__(
        self,
        store: Store,
        policy: WaitPolicy,
        *,
        most: int,
        metrics: BatchMetrics,
        decided: Callable[[], None],
        shutdown: Shutdown,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.policy = policy
        self._store = store
        self._most = most
        self._metrics = metrics
        self._limit = most
        self._decided = decided
        self._shutdown = shutdown
        self._monotonic = monotonic
        self._postponed = LogCondition(_log, "waiting_commands_postponed", "waiting_commands_continued")
        self._references: frozenset[Reference] = frozenset()
        self._subjects: frozenset[Reference] = frozenset()
        self._woken = asyncio.Event()
        self._all_at = self._count_at = float("-inf")

    def wake(self, applied: Applied) -> None:
        """Look at what may be affected by a batch that this process committed."""
        self.policy.add(applied.waiting)
        if applied.created or applied.subjects:
            self._references |= applied.created
            self._subjects |= applied.subjects
            self._woken.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run while the block runs. A transaction that is cut off is not committed."""
        task = asyncio.create_task(self.run())
        self._shutdown.watch(task, "waiting commands")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait((task,))
            await self._store.close()

    async def run(self) -> None:
        """Decide what is due now, at every wake and at deadlines. A database that does not answer is asked again."""
        backoff = Backoff()
        while not self._shutdown.stop.is_set():
            try:
                seconds = await self._round()
            except (StoreUnavailable, StoreRace) as error:
                TROUBLE.labels("unavailable").inc()
                self._postponed.lasts(error=str(error))
                # What was to be looked at is forgotten.
                self._all_at = float("-inf")
                await pause(backoff.next(), self._shutdown.stop)
                continue
            self._postponed.ended()
            backoff.reset()
            await self._wait(seconds)

    async def _wait(self, seconds: float) -> None:
        waits = [asyncio.create_task(event.wait()) for event in (self._woken, self._shutdown.stop)]
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in waits:
            task.cancel()

    async def _round(self) -> float:
        """Decide what is due, and return the seconds until the next round."""
        self._woken.clear()
        references, self._references = self._references, frozenset()
        subjects, self._subjects = self._subjects, frozenset()
        all_ = self._monotonic() >= self._all_at
        if all_:
            await self._store.shorten(self.policy.seconds)
        former: list[Reference] = []
        while (due := await self._store.due(references, subjects, all_=all_)) != former:
            applied = await self._decide(due)
            self._decided()
            references |= applied.created
            # Without an answer to any of them, the same subjects must not be due again at once.
            former = [] if applied.decided + applied.repeated + applied.dead_letters else due
        if all_:
            self._all_at = self._monotonic() + ALL_SECONDS
        return await self._counted()

    async def _counted(self) -> float:
        """Count the waiting commands if that is due, and return the seconds until the next round."""
        if self._monotonic() < self._count_at:
            return max(0.0, self._count_at - self._monotonic())
        seen = await self._store.overview()
        self.policy.commands = seen.commands
        WAITING_COMMANDS.set(seen.commands)
        WAITING_OLDEST_SECONDS.set(seen.oldest_seconds)
        self._count_at = self._monotonic() + COUNT_SECONDS
        return ALL_SECONDS if seen.next_seconds is None else COUNT_SECONDS

    async def _decide(self, due: Sequence[Reference]) -> Applied:
        """Decide waiting commands of these subjects, fewer at a time after a defect, until it is alone and found."""
        defect = None
        while True:
            try:
                applied = await self._store.decide(due, self._limit, defect)
            except (StoreRace, StoreUnavailable):
                raise
            except Exception as error:
                if is_resource_exhaustion(error):
                    raise StoreUnavailable(repr(error)) from error
                TROUBLE.labels("defect").inc()
                if defect is not None:
                    raise
                if self._limit == 1:
                    defect = "".join(traceback.format_exception(error))
                self._limit = max(1, self._limit // 2)
                continue
            self._limit = min(self._most, self._limit * 2)
            self._metrics.count(replace(applied, waiting=0))
            if applied.dead_letters:
                DEAD_LETTERS.labels("failed").inc(applied.dead_letters)
                _log.warning("dead_letter", reason="failed", waiting=True)
            return applied
