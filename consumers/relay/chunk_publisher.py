"""Publish one chunk of outbox frames: its messages are sent, refused, or sent again after a pause."""

import time

from consumers.backoff import Backoff
from consumers.relay.chunk import Chunk, OutboxChanges, Sent
from consumers.relay.held_keys import HeldKeys
from consumers.relay.late_copies import LateCopies
from consumers.relay.outage import OutageDetector
from consumers.relay.publisher import Publisher
from consumers.relay.report import Report
from consumers.relay.status import RelayStatus
from service.store.frame import Frame
from service.telemetry import PUBLISH_SECONDS

UNCONFIRMED_SECONDS = 0.2
"""Pause before messages are sent again whose refusal is not confirmed yet."""


class ChunkPublisher:
    """Publishes one chunk at a time. Messages behind `held` ones are not sent.

    Sent messages are remembered when their frames are abandoned, because the frames may be read again.
    """

    def __init__(self, publisher: Publisher, held: HeldKeys, status: RelayStatus) -> None:
        self.late = LateCopies()
        self._publisher = publisher
        self._held = held
        self._status = status
        self._outage = OutageDetector()
        self._backoff = Backoff(most=5.0)
        self._sent: Sent = set()
        self._chunk = Chunk((), self._sent)
        self._retry_at: float | None = None

    def __bool__(self) -> bool:
        """Return whether the chunk has frames left."""
        return bool(self._chunk)

    @property
    def is_blocked(self) -> bool:
        """Whether the last attempt left messages that wait for a retry."""
        return self._retry_at is not None

    def retry_delay(self, now: float) -> float:
        """Return the seconds to wait before the next attempt."""
        return 0.0 if self._retry_at is None else max(0.0, self._retry_at - now)

    def start(self, frames: list[Frame]) -> None:
        """Begin with these frames; the previous chunk must be finished."""
        self._chunk = Chunk(frames, self._sent)
        self._status.report_corrupt(self._chunk.corrupt)

    async def send(self) -> None:
        """Send the messages of the chunk, as far as the broker accepts them."""
        self._retry_at = None
        waiting = self._chunk.waiting(self._held)
        if not waiting:
            return
        started = time.monotonic()
        report = await self._publisher.send(waiting)
        now = time.monotonic()
        if report.sent:
            PUBLISH_SECONDS.observe(now - started)
        self.late.record(waiting, report)
        self._evaluate(report, now)

    async def repeat(self) -> bool:
        """Send state records again of which no older copy can arrive any more. Return whether there were some."""
        # When a newer record of the key is held, that one is sent later than any copy can arrive.
        self.late.repeated([message for message in self.late.due() if self._held.blocks(message)])
        due = self.late.due()
        if not due:
            return False
        report = await self._publisher.send(due)
        self.late.repeated(message for message in due if message.position in report.sent | report.refused.keys())
        if report.error is not None:
            self._retry_at = time.monotonic() + self._backoff.next()
            self._status.mark_blocked(report)
        return True

    def _evaluate(self, report: Report, now: float) -> None:
        if report.sent:
            self._outage.accepted(now)
        refused = self._outage.confirmed(report.refused, now)
        if len(refused) < len(report.refused):
            # The publisher would skip their partitions: it must try them again.
            self._publisher.try_all()
        self._chunk.take(report.sent, refused)
        if report.error is not None:
            self._retry_at = now + self._backoff.next()
            self._status.mark_blocked(report)
        elif not (report.again or report.sent or refused):
            self._retry_at = now + UNCONFIRMED_SECONDS
            self._status.mark_blocked(report)
        else:
            self._backoff.reset()

    def take_settled(self, *, whole: bool = False) -> OutboxChanges:
        """Remove the frames with no message left to send, or all frames when the `whole` chunk is abandoned."""
        return self._chunk.take_settled(whole=whole)

    def written(self, changes: OutboxChanges) -> None:
        """Forget the sent messages of changes that the database has committed."""
        self._sent -= changes.sent

    def discard(self) -> None:
        """Abandon the chunk: its shards do not belong to this relay any more."""
        self._chunk = Chunk((), self._sent)
        self._retry_at = None
        # The next relay of the shards expects the same copies.
        self.late.clear()

    def outbox_empty(self) -> None:
        """Forget the sent messages and the retry: the table has no frame of this relay's shards."""
        self._sent.clear()
        self._retry_at = None
