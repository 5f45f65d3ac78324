"""How many dead letters in a row of records are too many."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

Place = tuple[str, int]
"""Topic and partition."""


@dataclass(slots=True)
class _Window:
    """The last records of one partition, True for a dead letter."""

    recent: deque[bool]
    dead: int = 0

    def add(self, dead: bool) -> None:
        if len(self.recent) == self.recent.maxlen:
            self.dead -= self.recent[0]
        self.recent.append(dead)
        self.dead += dead


@dataclass(slots=True)
class DeadLetterLimit:
    """Counts dead letters per partition over the last `window` records, from `minimum` records on.

    More than half of them dead means that something is wrong with us or with a sender, and that going on would only
    drain the topic (messages document, "Dead Letters").
    """

    window: int
    minimum: int
    _windows: dict[Place, _Window] = field(default_factory=dict)

    def room(self, records: Iterable[tuple[Place, bool]]) -> int:
        """How many of these records may be taken until the limit is passed, the passing one included."""
        trial: dict[Place, _Window] = {}
        taken = 0
        for place, dead in records:
            taken += 1
            window = trial.get(place)
            if window is None:
                known = self._windows.get(place, _Window(deque()))
                window = trial[place] = _Window(deque(known.recent, self.window), known.dead)
            window.add(dead)
            if self._passed(window):
                break
        return taken

    def add(self, records: Iterable[tuple[Place, bool]]) -> Place | None:
        """Count records that were taken; answers the partition whose limit is passed now, if any."""
        passed = None
        for place, dead in records:
            window = self._windows.get(place)
            if window is None:
                window = self._windows[place] = _Window(deque(maxlen=self.window))
            window.add(dead)
            if dead and self._passed(window):
                passed = place
        return passed

    def _passed(self, window: _Window) -> bool:
        seen = len(window.recent)
        return seen >= self.minimum and window.dead * 2 > seen
