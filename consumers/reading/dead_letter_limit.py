"""The limit of dead letters among the last records of a partition."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from aiokafka import TopicPartition


@dataclass(slots=True)
class _Window:
    """The last records of one partition; True is a dead letter."""

    recent: deque[bool]
    dead_letters: int = 0

    def add(self, dead_letter: bool) -> None:
        if len(self.recent) == self.recent.maxlen:
            self.dead_letters -= self.recent[0]
        self.recent.append(dead_letter)
        self.dead_letters += dead_letter


@dataclass(slots=True)
class DeadLetterLimit:
    """Counts the dead letters among the last `window` records of each partition, once it has at least `minimum`.

    When more than half of them are dead letters, this service or a sender has a defect, and continuing would only drain
    the topic (messages document, "Dead Letters").
    """

    window: int
    minimum: int
    _windows: dict[TopicPartition, _Window] = field(default_factory=dict)

    def capacity(self, records: Iterable[tuple[TopicPartition, bool]]) -> int:
        """Return how many of these records may be processed up to and including the one that exceeds the limit."""
        trial: dict[TopicPartition, _Window] = {}
        taken = 0
        for tp, dead_letter in records:
            taken += 1
            window = trial.get(tp)
            if window is None:
                known = self._windows.get(tp, _Window(deque()))
                window = trial[tp] = _Window(deque(known.recent, self.window), known.dead_letters)
            window.add(dead_letter)
            if self._exceeded(window):
                break
        return taken

    def add(self, records: Iterable[tuple[TopicPartition, bool]]) -> TopicPartition | None:
        """Count processed records. Return the partition that has exceeded the limit now, if any."""
        exceeded = None
        for tp, dead_letter in records:
            window = self._windows.get(tp)
            if window is None:
                window = self._windows[tp] = _Window(deque(maxlen=self.window))
            window.add(dead_letter)
            if dead_letter and self._exceeded(window):
                exceeded = tp
        return exceeded

    def _exceeded(self, window: _Window) -> bool:
        seen = len(window.recent)
        return seen >= self.minimum and window.dead_letters * 2 > seen
