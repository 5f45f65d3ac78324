"""Process a batch of records from parsing to settlement, with this error handling:

| error | reaction |
|---|---|
| not a command | dead-letter it, in the batch's own transaction |
| rejected by a business rule | write its outcome, in the batch's own transaction |
| transaction conflict (`StoreRace`) | retry the whole apply at most 3 times, with jitter; then as unavailable |
| a dependency is unavailable | rewind every partition of the batch, not ready, back off; never skip |
| a defect (`StoreDefect`, any other error) | halve the batch until the record is found, and dead-letter it with the \
traceback; continue within the limit of dead letters, else stop |
"""

import asyncio
import random
import time
import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence, Set
from types import MappingProxyType
from typing import Protocol, TypeAlias

from aiokafka import TopicPartition

from consumers.backoff import Backoff, pause
from consumers.health import Health
from consumers.reading.assignment import LOOP, LOOP_SECONDS
from consumers.reading.batch_metrics import BatchMetrics
from consumers.reading.dead_letter_limit import DeadLetterLimit
from consumers.shutdown import Shutdown
from service.contract.envelope import Parsed, Record, Undecodable
from service.contract.trace import trace_id
from service.resource_exhaustion import is_resource_exhaustion
from service.store.command_store import Applied
from service.store.errors import StoreRace, StoreUnavailable
from service.telemetry import BATCH_RECORDS, BATCH_SECONDS, DEAD_LETTERS, TROUBLE, log

_log = log(__name__)

Apply: TypeAlias = Callable[[Sequence[Parsed], Mapping[TopicPartition, int]], Awaitable[Applied]]
"""Decide records and move the marks to the given next offsets."""
Parse: TypeAlias = Callable[[Sequence[Record]], Sequence[Parsed]]

BATCHES = "batches"
"""The part that is not ready while records cannot be decided."""

NO_POSITIONS: Mapping[TopicPartition, int] = MappingProxyType({})
REDOS = 3


class OffsetSettlement(Protocol):
    """The methods of `Settlement` that are used here."""

    def settle(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Commit these next offsets; all records before them are decided."""

    def rewind(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Read these partitions again from these offsets."""


class Batches:
    """Decides batches one after the other. `handle` raises no error, except when it is cancelled.

    After a batch that could not be decided, the part `batches` is not ready until its records are decided or belong to
    another process. Only this class sets the part: a database that answers may still be unable to write a batch.
    """

    def __init__(
        self,
        parse: Parse,
        apply: Apply,
        settlement: OffsetSettlement,
        *,
        limit: DeadLetterLimit,
        metrics: BatchMetrics,
        health: Health,
        shutdown: Shutdown,
        backoff: Backoff | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._parse = parse
        self._apply = apply
        self._settlement = settlement
        self._limit = limit
        self._metrics = metrics
        self._health = health
        self._shutdown = shutdown
        self._backoff = backoff or Backoff()
        self._chance = chance
        self._undecided: dict[TopicPartition, int] = {}
        """The offset of the last undecided record of each partition, after a batch that could not be decided."""

    async def handle(self, records: Sequence[Record], positions: Mapping[TopicPartition, int] = NO_POSITIONS) -> None:
        """Decide and settle these records in offset order within a partition, or rewind to the first undecided ones.

        `positions` are the next offsets to read: behind the last records there may be some that are never delivered.
        """
        started = time.monotonic()
        BATCH_RECORDS.observe(len(records))
        try:
            parsed = list(self._parse(records))
        except Exception as error:
            if not is_resource_exhaustion(error):
                raise
            await self._down(records, error)
            return
        capacity = (
            self._limit.capacity(_dead_letter_flags(parsed))
            if any(isinstance(p, Undecodable) for p in parsed)
            else len(parsed)
        )
        last = _ends(records)[1]
        done = 0
        parts = [parsed[:capacity]]
        while parts:
            self._health.heartbeat(LOOP, LOOP_SECONDS)
            part = parts.pop()
            after = {
                tp: max(offset + 1, positions.get(tp, 0)) if offset == last[tp] else offset + 1
                for tp, offset in _ends(p.record for p in part)[1].items()
            }
            try:
                applied = await self._redo(part, after)
            except Exception as defect:
                if isinstance(defect, StoreUnavailable) or is_resource_exhaustion(defect):
                    await self._down(records[done:], defect)
                    return
                TROUBLE.labels("defect").inc()
                if len(part) > 1:
                    half = len(part) // 2
                    parts += [part[half:], part[:half]]
                elif not isinstance(part[0], Undecodable):
                    parts.append([_failed(part[0], defect)])
                else:
                    self._stop(records[done:], f"a dead letter cannot be written: {defect!r}")
                    return
                continue
            done += len(part)
            self._settled(part, applied, after)
            if (tp := self._limit.add(_dead_letter_flags(part))) is not None:
                self._stop(records[done:], self._over(tp))
                return
        BATCH_SECONDS.observe(time.monotonic() - started)

    def assigned(self, partitions: Set[TopicPartition]) -> None:
        """Forget the undecided records of all other partitions: they belong to other processes now."""
        self._wait_for({tp: last for tp, last in self._undecided.items() if tp in partitions})

    def positioned(self, start_offsets: Mapping[TopicPartition, int]) -> None:
        """Use the start offset of each assigned partition: all records before it are decided.

        A batch may have been committed although the answer was lost, or another process may have decided it.
        """
        waiting = {
            tp: last for tp, last in self._undecided.items() if tp in start_offsets and start_offsets[tp] <= last
        }
        self._wait_for(waiting)

    def _wait_for(self, undecided: dict[TopicPartition, int]) -> None:
        self._undecided = undecided
        if not undecided:
            self._health.mark_ready(BATCHES)

    async def _redo(self, part: Sequence[Parsed], after: Mapping[TopicPartition, int]) -> Applied:
        for redo in range(REDOS + 1):
            try:
                return await self._apply(part, after)
            except StoreRace as race:
                TROUBLE.labels("race").inc()
                if redo == 0:
                    _log.info("transaction_conflict", error=str(race))
                if redo == REDOS:
                    raise StoreUnavailable(f"lost the race {REDOS + 1} times: {race}") from race
                await asyncio.sleep(0.02 * 2**redo * (0.5 + self._chance()))
        raise AssertionError("unreachable")

    def _settled(self, part: Sequence[Parsed], applied: Applied, after: Mapping[TopicPartition, int]) -> None:
        self._backoff.reset()
        waiting = {tp: last for tp, last in self._undecided.items() if after.get(tp, 0) <= last}
        self._wait_for(waiting)
        self._settlement.settle(after)
        self._metrics.count(applied)
        for parsed in part:
            if isinstance(parsed, Undecodable):
                DEAD_LETTERS.labels(parsed.reason).inc()
                record = parsed.record
                source = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
                _log.warning("dead_letter", reason=parsed.reason, **source, **trace_id(record.headers))

    async def _down(self, records: Sequence[Record], error: BaseException) -> None:
        TROUBLE.labels("unavailable").inc()
        first, last = _ends(records)
        self._settlement.rewind(first)
        self._undecided |= last
        self._health.mark_not_ready(BATCHES, f"{type(error).__name__}: {error}")
        await pause(self._backoff.next(), self._shutdown.stop)

    def _stop(self, records: Sequence[Record], reason: str) -> None:
        self._settlement.rewind(_ends(records)[0])
        self._shutdown.fail(reason)

    def _over(self, tp: TopicPartition) -> str:
        return (
            f"more than half of the last records of {tp[0]} partition {tp[1]} were dead-lettered: this service or a"
            " sender has a defect, and continuing would only drain the topic; see `dead-letters list`"
        )


def _dead_letter_flags(parsed: Iterable[Parsed]) -> Iterable[tuple[TopicPartition, bool]]:
    for p in parsed:
        yield (p.record.topic, p.record.partition), isinstance(p, Undecodable)


def _ends(records: Iterable[Record]) -> tuple[dict[TopicPartition, int], dict[TopicPartition, int]]:
    """Return the first and the last offset of each partition among the records."""
    first: dict[TopicPartition, int] = {}
    last: dict[TopicPartition, int] = {}
    for record in records:
        tp = TopicPartition(record.topic, record.partition)
        first.setdefault(tp, record.offset)
        last[tp] = record.offset
    return first, last


def _failed(parsed: Parsed, defect: Exception) -> Undecodable:
    return Undecodable(parsed.record, "failed", "".join(traceback.format_exception(defect)))
