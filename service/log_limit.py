"""A limit for log lines about conditions that callers can bring about as often as they like."""

import time
from collections.abc import Callable, Hashable


class LogLimit:
    """Allow one line of a kind in each interval of `seconds`; there must be a fixed number of kinds."""

    def __init__(self, seconds: float = 60.0, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._monotonic = monotonic
        self._logged_at: dict[Hashable, float] = {}

    def allows(self, kind: Hashable = None) -> bool:
        """Return whether a line of this kind may be logged now; if so, it counts as logged."""
        now = self._monotonic()
        logged_at = self._logged_at.get(kind)
        if logged_at is not None and now - logged_at < self._seconds:
            return False
        self._logged_at[kind] = now
        return True
