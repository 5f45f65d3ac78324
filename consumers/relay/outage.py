"""Distinguish a refusal that concerns some partitions from an outage of all partitions.

A broker that starts, or a cluster that has lost its replicas, answers every request with an error code. Holding back
all of these messages would copy the outbox.
"""

from collections.abc import Mapping

from consumers.relay.refusal import Refusal

FIRST_SECONDS = 10.0
MOST_SECONDS = 60.0


class OutageDetector:
    """Confirms the refusals of a partition when a message was accepted since they began.

    While nothing is accepted, it confirms them after 10 seconds, and then after waits that double up to 60 seconds.
    """

    def __init__(self) -> None:
        self._accepted_at = 0.0
        self._hold_at: float | None = None
        self._patience = FIRST_SECONDS

    def accepted(self, now: float) -> None:
        """Record that a partition accepted messages (monotonic seconds)."""
        self._accepted_at, self._hold_at, self._patience = now, None, FIRST_SECONDS

    def confirmed(self, refused: Mapping[int, Refusal], now: float) -> dict[int, Refusal]:
        """Return the confirmed refusals. The other messages have to be sent again: there may be an outage."""
        confirmed = {p: r for p, r in refused.items() if r.kind != "partition" or r.since <= self._accepted_at}
        if len(confirmed) == len(refused):
            return confirmed
        if self._hold_at is None:
            self._hold_at = now + self._patience
        if now < self._hold_at:
            return confirmed
        self._hold_at, self._patience = None, min(MOST_SECONDS, 2 * self._patience)
        return dict(refused)
