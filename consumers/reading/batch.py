"""One batch of records from parse to settlement, and the one table of what is done about trouble.

| trouble | answer |
|---|---|
| not a command | a dead-letter row in the batch's own transaction |
| the business says no | its outcome, in the batch's own transaction |
| lost a race (`StoreRace`) | the whole apply again, at most 3 times, with jitter; then as something down |
| something is down | rewind every partition of the batch, not ready, back off; never skip |
| a defect (`StoreDefect`, any other error) | halve the batch until the one record is found, and put that aside as a \
dead letter with the traceback; go on within the limit of dead letters, else stop |
"""

import asyncio
import random
import time
import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeAlias

from aiokafka import TopicPartition

from consumers.backoff import Backoff, pause
from consumers.health import Health
from consumers.reading.assignment import LOOP, LOOP_SECONDS
from consumers.reading.dead_letter_limit import DeadLetterLimit
from consumers.shutdown import Shutdown
from service.contract.envelope import Parsed, Record, Undecodable
from service.resource_exhaustion import is_resource_exhaustion
from service.store.command_store import Applied
from service.store.errors import StoreRace, StoreUnavailable
from service.telemetry import BATCH_RECORDS, BATCH_SECONDS, COMMANDS, DEAD_LETTERS, TROUBLE, log

_log = log(__name__)

Apply: TypeAlias = Callable[[Sequence[Parsed]], Awaitable[Applied]]
Parse: TypeAlias = Callable[[Sequence[Record]], Sequence[Parsed]]

BATCHES = "batches"
"""The part that is not ready while there are records that cannot be decided."""

REDOS = 3
TRACEBACK_CHARACTERS = 8_000


class Settling(Protocol):
    """What is told to the consumer about partitions."""

    def settle(self, offsets: Mapping[TopicPartition, int]) -> None:
        """These offsets come next; what lies before is decided."""

    def rewind(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Read again from these offsets."""


class Batches:
    """Decides batches one after the other; `handle` never raises but when cancelled.

    The part `batches` is not ready from a batch that could not be decided until its records are decided or belong to
    another process. Nobody else speaks of it: that the database answers does not mean that a batch can be written.
    """

    def __init__(
        self,
        parse: Parse,
        apply: Apply,
        settling: Settling,
        *,
        limit: DeadLetterLimit,
        health: Health,
        shutdown: Shutdown,
        backoff: Backoff | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._parse = parse
        self._apply = apply
        self._settling = settling
        self._limit = limit
        self._health = health
        self._shutdown = shutdown
        self._backoff = backoff or Backoff()
        self._chance = chance
        self._undecided: dict[TopicPartition, int] = {}
        """The last record of each partition that was in a batch that could not be decided."""

    async def handle(self, records: Sequence[Record]) -> None:
        """Decide and settle these records, in offset order within each partition, or rewind to where that went."""
        started = time.monotonic()
        BATCH_RECORDS.observe(len(records))
        parsed = list(self._parse(records))
        capacity = (
            self._limit.capacity(_judged(parsed)) if any(isinstance(p, Undecodable) for p in parsed) else len(parsed)
        )
        done = 0
        parts = [parsed[:capacity]]
        while parts:
            self._health.heartbeat(LOOP, LOOP_SECONDS)
            part = parts.pop()
            try:
                applied = await self._redo(part)
            except Exception as defect:
                if isinstance(defect, StoreUnavailable) or is_resource_exhaustion(defect):
                    await self._down(records[done:], defect)
                    return
                TROUBLE.labels("defect").inc()
                if len(part) > 1:
                    half = len(part) // 2
                    parts += [part[half:], part[:half]]
                elif not isinstance(part[0], Undecodable):
                    parts.append([_put_aside(part[0], defect)])
                else:
                    self._stop(records[done:], f"a dead letter cannot be written: {defect!r}")
                    return
                continue
            done += len(part)
            self._settled(part, applied)
            if (tp := self._limit.add(_judged(part))) is not None:
                self._stop(records[done:], self._over(tp))
                return
        BATCH_SECONDS.observe(time.monotonic() - started)

    def positioned(self, start_offsets: Mapping[TopicPartition, int]) -> None:
        """Learn from where each of our partitions is read: what lies before that place is decided.

        A batch may be committed although its answer was lost, or have been decided by another process.
        """
        waiting = {
            tp: last for tp, last in self._undecided.items() if tp in start_offsets and start_offsets[tp] <= last
        }
        self._wait_for(waiting)

    def _wait_for(self, undecided: dict[TopicPartition, int]) -> None:
        self._undecided = undecided
        if not undecided:
            self._health.mark_ready(BATCHES)

    async def _redo(self, part: Sequence[Parsed]) -> Applied:
        for redo in range(REDOS + 1):
            try:
                return await self._apply(part)
            except StoreRace as race:
                TROUBLE.labels("race").inc()
                if redo == 0:
                    _log.info("transaction_conflict", error=str(race))
                if redo == REDOS:
                    raise StoreUnavailable(f"lost the race {REDOS + 1} times: {race}") from race
                await asyncio.sleep(0.02 * 2**redo * (0.5 + self._chance()))
        raise AssertionError("unreachable")

    def _settled(self, part: Sequence[Parsed], applied: Applied) -> None:
        self._backoff.reset()
        last_decided = _ends(p.record for p in part)[1]
        waiting = {tp: last for tp, last in self._undecided.items() if last_decided.get(tp, -1) < last}
        self._wait_for(waiting)
        self._settling.settle({tp: last + 1 for tp, last in last_decided.items()})
        COMMANDS.labels("decided").inc(applied.decided)
        COMMANDS.labels("repeated").inc(applied.repeated)
        COMMANDS.labels("skipped").inc(applied.skipped)
        for parsed in part:
            if isinstance(parsed, Undecodable):
                DEAD_LETTERS.labels(parsed.reason).inc()
                record = parsed.record
                source = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
                _log.warning("dead_letter", reason=parsed.reason, **source)

    async def _down(self, records: Sequence[Record], error: BaseException) -> None:
        TROUBLE.labels("unavailable").inc()
        first, last = _ends(records)
        self._settling.rewind(first)
        self._undecided |= last
        self._health.mark_not_ready(BATCHES, f"{type(error).__name__}: {error}")
        await pause(self._backoff.next(), self._shutdown.stop)

    def _stop(self, records: Sequence[Record], reason: str) -> None:
        self._settling.rewind(_ends(records)[0])
        self._shutdown.fail(reason)

    def _over(self, tp: TopicPartition) -> str:
        return (
            f"more than half of the last records of {tp[0]} partition {tp[1]} were dead letters: something is"
            " wrong with this service or a sender, and going on would only drain the topic; see `dead-letters list`"
        )


def _judged(parsed: Iterable[Parsed]) -> Iterable[tuple[TopicPartition, bool]]:
    for p in parsed:
        yield (p.record.topic, p.record.partition), isinstance(p, Undecodable)


def _ends(records: Iterable[Record]) -> tuple[dict[TopicPartition, int], dict[TopicPartition, int]]:
    """The first and the last offset of each partition among the records."""
    first: dict[TopicPartition, int] = {}
    last: dict[TopicPartition, int] = {}
    for record in records:
        tp = TopicPartition(record.topic, record.partition)
        first.setdefault(tp, record.offset)
        last[tp] = record.offset
    return first, last


def _put_aside(parsed: Parsed, defect: Exception) -> Undecodable:
    text = "".join(traceback.format_exception(defect))
    return Undecodable(parsed.record, "failed", text[-TRACEBACK_CHARACTERS:])
