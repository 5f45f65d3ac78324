"""The health of this process: which parts are not ready, and which loops are stalled.

Parts and loops report changes themselves, so a health check does no work and never blocks.
"""

import time
from collections.abc import Callable, Iterable

from service.log_condition import LogCondition
from service.telemetry import NOT_READY, READY, log, start_at_zero

_log = log(__name__)

STARTING = "starting"


class Health:
    """The state of each part (readiness) and the last heartbeat of each loop (liveness).

    The process is ready when each of `parts` is ready.
    """

    def __init__(self, parts: Iterable[str], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._reasons: dict[str, str | None] = dict.fromkeys(parts, STARTING)
        self._loops: dict[str, tuple[float, float]] = {}
        self._notes: dict[str, str] = {}
        self._conditions: dict[str, LogCondition] = {}
        self._monotonic = monotonic
        self.stopping = False
        """Whether the shutdown has begun. The process is then not ready, whatever the state of its parts."""
        for part in self._reasons:
            READY.labels(part).set(0)
        start_at_zero(NOT_READY, self._reasons)

    def mark_not_ready(self, part: str, reason: str) -> None:
        """Record that this part is not ready, with the reason for operators."""
        if self._reasons.get(part) is None:
            NOT_READY.labels(part).inc()
        if part not in self._conditions:
            self._conditions[part] = LogCondition(_log, "part_not_ready", "part_ready_again", self._monotonic)
        self._conditions[part].lasts(part=part, reason=reason)
        self._reasons[part] = reason
        READY.labels(part).set(0)

    def mark_ready(self, part: str) -> None:
        """Record that this part is ready."""
        if part in self._conditions:
            self._conditions[part].ended(part=part)
        self._reasons[part] = None
        READY.labels(part).set(1)

    def note(self, part: str, note: str | None) -> None:
        """Set a note for operators about a part that is ready; None clears it."""
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
        """Return the notes about parts that are ready."""
        return dict(self._notes)

    def heartbeat(self, loop: str, within: float) -> None:
        """Record that this loop makes progress; its next heartbeat is due within this many seconds."""
        self._loops[loop] = (self._monotonic(), within)

    def loop_ended(self, loop: str) -> None:
        """Forget a loop that ended normally."""
        self._loops.pop(loop, None)

    def readiness(self) -> dict[str, str | None]:
        """Return the reason of each part that is not ready, and None for each part that is."""
        return {**self._reasons, "process": "stopping"} if self.stopping else dict(self._reasons)

    def stalled(self) -> dict[str, str]:
        """Return the loops whose heartbeat is overdue, each with a description."""
        now = self._monotonic()
        return {
            loop: f"no heartbeat for {now - last:.0f} s"
            for loop, (last, within) in self._loops.items()
            if now - last > within
        }
