"""What is known about the state of this process: which part has trouble, which loop stands still.

Loops and parts tell it as they go, so that asking costs nothing and never hangs.
"""

import time
from collections.abc import Callable, Iterable

from service.telemetry import READY, log

_log = log(__name__)

STARTING = "starting"


class Health:
    """Parts with trouble (not ready) and loops with their last sign of life (not alive when too old).

    `parts` must each be well before the process is ready.
    """

    def __init__(self, parts: Iterable[str], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._trouble: dict[str, str | None] = dict.fromkeys(parts, STARTING)
        self._loops: dict[str, tuple[float, float]] = {}
        self._notes: dict[str, str] = {}
        self._monotonic = monotonic
        self.stopping = False
        """Whether the process has begun to end: then it is not ready, whatever its parts say."""
        for part in self._trouble:
            READY.labels(part).set(0)

    def mark_not_ready(self, part: str, reason: str) -> None:
        """This part is not well; the reason is for operators."""
        if self._trouble.get(part) in (None, STARTING):
            _log.warning("part_not_ready", part=part, reason=reason)
        self._trouble[part] = reason
        READY.labels(part).set(0)

    def mark_ready(self, part: str) -> None:
        """This part works."""
        if self._trouble.get(part) not in {None, STARTING}:
            _log.info("part_ready_again", part=part)
        self._trouble[part] = None
        READY.labels(part).set(1)

    def note(self, part: str, note: str | None) -> None:
        """Something operators should know of a part that works; None when there is nothing any more."""
        if note == self._notes.get(part):
            return
        if note is None:
            del self._notes[part]
            _log.info("part_note_cleared", part=part)
        else:
            if part not in self._notes:
                _log.warning("part_note", part=part, note=note)
            self._notes[part] = note

    def notes(self) -> dict[str, str]:
        """What there is to know of parts that work."""
        return dict(self._notes)

    def heartbeat(self, loop: str, within: float) -> None:
        """This loop moves, and will again within so many seconds."""
        self._loops[loop] = (self._monotonic(), within)

    def loop_ended(self, loop: str) -> None:
        """This loop has come to its end, as it should."""
        self._loops.pop(loop, None)

    def readiness(self) -> dict[str, str | None]:
        """Each part with its trouble, None for a well one."""
        return {**self._trouble, "process": "stopping"} if self.stopping else dict(self._trouble)

    def stalled(self) -> dict[str, str]:
        """The loops that have not moved in time."""
        now = self._monotonic()
        return {
            loop: f"no sign of life for {now - last:.0f} s"
            for loop, (last, within) in self._loops.items()
            if now - last > within
        }
