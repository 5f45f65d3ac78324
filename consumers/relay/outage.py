"""Telling a refusal that concerns some partitions from an outage of all of them.

A broker that starts, or a cluster that has lost its replicas, answers every request with an error code. To hold all of
these messages back would copy the outbox.
"""

from collections.abc import Mapping

from consumers.relay.refusal import Refusal

FIRST_SECONDS = 10.0
MOST_SECONDS = 60.0


class OutageDetector:
    """Refusals of a partition count when anything was accepted since they began, else ever more seldom."""

    def __init__(self) -> None:
        self._accepted_at = 0.0
        self._hold_at: float | None = None
        self._patience = FIRST_SECONDS

    def accepted(self, now: float) -> None:
        """A partition took messages (monotonic seconds)."""
        self._accepted_at, self._hold_at, self._patience = now, None, FIRST_SECONDS

    def certain(self, refused: Mapping[int, Refusal], now: float) -> dict[int, Refusal]:
        """The refusals that count now. The messages of the others have to be sent again: it may be an outage."""
        sure = {p: r for p, r in refused.items() if r.kind != "partition" or r.since <= self._accepted_at}
        if len(sure) == len(refused):
            return sure
        if self._hold_at is None:
            self._hold_at = now + self._patience
        if now < self._hold_at:
            return sure
        self._hold_at, self._patience = None, min(MOST_SECONDS, 2 * self._patience)
        return dict(refused)
