"""What a soak is judged by besides its history: the whole time was run, the outbox emptied, and memory stayed flat."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from tests.chaos.soak.fold import Fold
from tests.chaos.soak.watch import Growth, Sample
from tests.support.process import Service

WINDOW_MINUTES = 2.0
"""Within this time the outbox has to be as good as empty once, whatever faults there were."""
SECONDS_OF_LOAD = 1.0
MESSAGES = 2
"""An accepted command has an event and an outcome."""
LEAST_SMALL = 500

Say = Callable[[str], None]


@dataclass(slots=True)
class Tally:
    """What happened: faults by name, how many took longer than their turn, and what makes the soak a bad one."""

    had: Counter[str] = field(default_factory=Counter)
    late: int = 0
    troubles: list[str] = field(default_factory=list)


def small(rate: float) -> int:
    """How many rows the outbox may hold when it counts as empty at so many commands a second."""
    return max(LEAST_SMALL, int(rate * MESSAGES * SECONDS_OF_LOAD))


def standing(samples: Sequence[Sample], limit: int) -> list[str]:
    """A line for each two minutes in which the outbox never had so few rows; what is left at the end is not told."""
    whole = int(samples[-1].minutes / WINDOW_MINUTES) if samples else 0
    troubles = []
    for window, within in groupby(samples, lambda sample: int(sample.minutes / WINDOW_MINUTES)):
        if window >= max(1, whole):
            break
        least = min((sample.outbox for sample in within if sample.counted), default=None)
        if least is None or least > limit:
            held = "was never counted" if least is None else f"never had less than {least:,} rows, {limit:,} is empty"
            first = window * WINDOW_MINUTES
            troubles.append(f"the outbox {held} from minute {first:g} to {first + WINDOW_MINUTES:g}")
    return troubles


def cut_short(last: Sample, minutes: float, gib: float) -> str | None:
    """Why a soak of so many minutes ends here: the broker holds more than so many GiB; None when it goes on."""
    if last.broker <= gib * 1024:
        return None
    return (
        f"ended after {last.minutes:.1f} of {minutes:g} minutes: the broker keeps all in memory and has reached"
        f" {gib:g} GiB, see --broker-gib"
    )


def failures(tasks: Iterable[asyncio.Task[None]]) -> list[str]:
    """A line for each ended task that did not end by itself or by being cancelled."""
    return [
        f"{task.get_name()} failed: {type(error).__name__}: {error}"
        for task in tasks
        if not task.cancelled() and (error := task.exception()) is not None
    ]


def second_life(spared: Service) -> list[str]:
    """A line unless the process that no fault kills still has its first life.

    The kernel ends a process that takes all memory by SIGKILL, as faults do: only here the two can be told apart.
    """
    if spared.started == 1 and spared.alive:
        return []
    lives = "life" if spared.started == 1 else "lives"
    return [f"{spared.name}, which no fault kills, died: {spared.started} {lives}, the last code {spared.code}"]


def reported(fold: Fold, tally: Tally, samples: Iterable[Sample], memory: Growth | None, say: Say) -> bool:
    """Tell what came of a soak; True when every promise was kept, nothing went wrong and memory stayed flat."""
    say(f"faults, {tally.late} of them longer than their turn:")
    for name, count in sorted(tally.had.items()):
        say(f"  {count:3} {name}")
    say(f"most rows in the outbox: {max((sample.outbox for sample in samples), default=0):,}")
    say(str(memory) if memory else "no process lived long enough to tell its memory")
    say(
        f"{fold.records:,} records, {fold.commands:,} commands, {fold.events:,} events, raw duplicates"
        f" {dict(fold.duplicates)}, {sum(fold.counts.values())} violations {dict(fold.counts)}"
    )
    for violation in fold.kept:
        say(f"  {violation}")
    for trouble in tally.troubles:
        say(f"  trouble: {trouble}")
    good = fold.good and not tally.troubles and memory is not None and memory.flat
    say("verdict: good" if good else "verdict: NOT good")
    return good
