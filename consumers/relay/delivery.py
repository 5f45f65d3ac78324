"""The frames in hand of a relay on their way to the broker: sent, refused, or to be sent again after a pause."""

import time

from consumers.backoff import Backoff
from consumers.relay.chunk import Chunk, OutboxChanges, Sent
from consumers.relay.held_keys import HeldKeys
from consumers.relay.outage import OutageDetector
from consumers.relay.publisher import Publisher
from consumers.relay.report import Report
from consumers.relay.status import RelayStatus
from service.store.frame import Frame
from service.telemetry import PUBLISH_FAILURES, PUBLISH_SECONDS

REFUSED_SECONDS = 0.2
"""Rest before messages are sent again that were neither accepted nor refused for good."""


class Delivery:
    """Holds one chunk at a time; what is behind `held` messages is not sent.

    Messages that are known to be sent stay known when their frames are given up: they may be read again.
    """

    def __init__(self, publisher: Publisher, held: HeldKeys, status: RelayStatus) -> None:
        self._publisher = publisher
        self._held = held
        self._status = status
        self._outage = OutageDetector()
        self._backoff = Backoff(most=5.0)
        self._sent: Sent = set()
        self._chunk = Chunk((), self._sent)
        self._again_at: float | None = None

    def __bool__(self) -> bool:
        """Whether there are frames in hand."""
        return bool(self._chunk)

    @property
    def is_stuck(self) -> bool:
        """Whether the last try left messages that have to wait."""
        return self._again_at is not None

    def rest(self, now: float) -> float:
        """How long to wait before the next try (seconds)."""
        return 0.0 if self._again_at is None else max(0.0, self._again_at - now)

    def take(self, frames: list[Frame]) -> None:
        """Begin with these frames; nothing may be in hand."""
        self._chunk = Chunk(frames, self._sent)
        self._status.corrupt(self._chunk.corrupt)

    async def send(self) -> None:
        """Send what is in hand, as far as the broker takes it."""
        self._again_at = None
        waiting = self._chunk.waiting(self._held)
        if not waiting:
            return
        started = time.monotonic()
        report = await self._publisher.send(waiting)
        now = time.monotonic()
        if report.sent:
            PUBLISH_SECONDS.observe(now - started)
        self._judge(report, now)

    def _judge(self, report: Report, now: float) -> None:
        if report.sent:
            self._outage.accepted(now)
        refused = self._outage.certain(report.refused, now)
        if len(refused) < len(report.refused):
            # The publisher would leave them out: it must try them again.
            self._publisher.try_all()
        self._chunk.take(report.sent, refused)
        if report.error is not None:
            PUBLISH_FAILURES.inc()
            self._again_at = now + self._backoff.next()
            self._status.stuck(report)
        elif not (report.again or report.sent or refused):
            self._again_at = now + REFUSED_SECONDS
            self._status.stuck(report)
        else:
            self._backoff.reset()

    def settled(self, *, whole: bool = False) -> OutboxChanges:
        """Take out the frames of which nothing is left to send, or all when they are given up."""
        return self._chunk.settled(whole=whole)

    def written(self, changes: OutboxChanges) -> None:
        """The database has what was taken out."""
        self._sent -= changes.sent

    def forget(self) -> None:
        """Give up what is in hand: it is not ours any more."""
        self._chunk = Chunk((), self._sent)
        self._again_at = None

    def nothing_left(self) -> None:
        """The table has no frame of ours: what was sent before need not be known, and no try is due."""
        self._sent.clear()
        self._again_at = None
