"""How many dead letters in a row of records are too many."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from aiokafka import TopicPartition


@dataclass(slots=True)
class _Window:
    """The last records of one partition, True for a dead letter."""

    recent: deque[bool]
    dead_letters: int = 0

    def add(self, dead_letters: bool) -> None:
        if len(self.recent) == self.recent.maxlen:
            self.dead_letters -= self.recent[0]
        self.recent.append(dead_letters)
        self.dead_letters += dead_letters


@dataclass(slots=True)
class DeadLetterLimit:
    """Counts dead letters per partition over the last `window` records, from `minimum` records on.

    More than half of them dead means that something is wrong with us or with a sender, and that going on would only
    drain the topic (messages document, "Dead Letters").
    """

    window: int
    minimum: int
    _windows: dict[TopicPartition, _Window] = field(default_factory=dict)

    def capacity(self, records: Iterable[tuple[TopicPartition, bool]]) -> int:
        """How many of these records may be taken until the limit is passed, the passing one included."""
        trial: dict[TopicPartition, _Window] = {}
        taken = 0
        for tp, dead_letters in records:
            taken += 1
            window = trial.get(tp)
            if window is None:
                known = self._windows.get(tp, _Window(deque()))
                window = trial[tp] = _Window(deque(known.recent, self.window), known.dead_letters)
            window.add(dead_letters)
            if self._passed(window):
                break
        return taken

    def add(self, records: Iterable[tuple[TopicPartition, bool]]) -> TopicPartition | None:
        """Count records that were taken; answers the partition whose limit is passed now, if any."""
        passed = None
        for tp, dead_letters in records:
            window = self._windows.get(tp)
            if window is None:
                window = self._windows[tp] = _Window(deque(maxlen=self.window))
            window.add(dead_letters)
            if dead_letters and self._passed(window):
                passed = tp
        return passed

    def _passed(self, window: _Window) -> bool:
        seen = len(window.recent)
        return seen >= self.minimum and window.dead_letters * 2 > seen
