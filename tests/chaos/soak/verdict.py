"""The criteria of a soak besides its history: full duration, an outbox that empties, and stable memory."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from tests.chaos.soak.fold import Fold
from tests.chaos.soak.watch import Growth, Sample
from tests.support.process import Service

WINDOW_MINUTES = 2.0
"""Within each window of this length the outbox must be almost empty at least once, despite the faults."""
SECONDS_OF_LOAD = 1.0
MESSAGES = 2
"""An accepted command has an event and an outcome."""
LEAST_SMALL = 500

Say = Callable[[str], None]


@dataclass(slots=True)
class Tally:
    """The counts of a soak: faults by name, faults that took longer than their interval, and errors (`troubles`)."""

    faults: Counter[str] = field(default_factory=Counter)
    late: int = 0
    troubles: list[str] = field(default_factory=list)


def empty_limit(rate: float) -> int:
    """Return the number of rows up to which the outbox counts as empty, at this rate of commands per second."""
    return max(LEAST_SMALL, int(rate * MESSAGES * SECONDS_OF_LOAD))


def never_empty(samples: Sequence[Sample], limit: int) -> list[str]:
    """Return a line for each window in which the outbox always had more rows than the limit, except the last one."""
    whole = int(samples[-1].minutes / WINDOW_MINUTES) if samples else 0
    troubles = []
    for window, within in groupby(samples, lambda sample: int(sample.minutes / WINDOW_MINUTES)):
        if window >= max(1, whole):
            break
        least = min((sample.outbox for sample in within if sample.counted), default=None)
        if least is None or least > limit:
            held = "was never counted"
            if least is not None:
                held = f"always had at least {least:,} rows, more than the limit of {limit:,},"
            first = window * WINDOW_MINUTES
            troubles.append(f"the outbox {held} from minute {first:g} to {first + WINDOW_MINUTES:g}")
    return troubles


def stop_reason(last: Sample, minutes: float, gib: float) -> str | None:
    """Return the reason to stop a soak early, or None: the broker uses more than this many GiB."""
    if last.broker <= gib * 1024:
        return None
    return (
        f"stopped after {last.minutes:.1f} of {minutes:g} minutes: the broker keeps all records in memory and reached"
        f" {gib:g} GiB, see --broker-gib"
    )


def failures(tasks: Iterable[asyncio.Task[None]]) -> list[str]:
    """Return a line for each task that failed."""
    return [
        f"{task.get_name()} failed: {type(error).__name__}: {error}"
        for task in tasks
        if not task.cancelled() and (error := task.exception()) is not None
    ]


def restarts(spared: Service) -> list[str]:
    """Return a line if the process that no fault kills has died.

    The kernel ends a process that uses all memory by SIGKILL, like a fault. Only for this process they differ.
    """
    if spared.started == 1 and spared.alive:
        return []
    starts = "start" if spared.started == 1 else "starts"
    return [f"{spared.name}, which no fault kills, died: {spared.started} {starts}, last exit code {spared.code}"]


def report(fold: Fold, tally: Tally, samples: Iterable[Sample], memory: Growth | None, say: Say) -> bool:
    """Report the result of a soak; True when there is no violation and no error, and memory is stable."""
    say(f"faults, {tally.late} of them longer than their interval:")
    for name, count in sorted(tally.faults.items()):
        say(f"  {count:3} {name}")
    say(f"most rows in the outbox: {max((sample.outbox for sample in samples), default=0):,}")
    say(str(memory) if memory else "no process ran long enough to measure its memory")
    say(
        f"{fold.records:,} records, {fold.commands:,} commands, {fold.events:,} events, raw duplicates"
        f" {dict(fold.duplicates)}, {sum(fold.counts.values())} violations {dict(fold.counts)}"
    )
    for violation in fold.examples:
        say(f"  {violation}")
    for trouble in tally.troubles:
        say(f"  error: {trouble}")
    good = fold.good and not tally.troubles and memory is not None and memory.stable
    say("verdict: good" if good else "verdict: NOT good")
    return good
