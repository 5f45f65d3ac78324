"""The status of a relay for operators: readiness, metrics, and a log line at each change."""

from collections.abc import Iterable

from consumers.health import Health
from consumers.kafka.permission import denied
from consumers.relay.held_keys import HeldKeys
from consumers.relay.report import Report
from service.store.errors import StoreUnavailable
from service.store.held_store import HeldFrame
from service.store.outbox_store import Size
from service.telemetry import CORRUPT_FRAMES, HELD_MESSAGES, OUTBOX_MESSAGES, OUTBOX_OLDEST_SECONDS, SHARDS_HELD, log

_log = log(__name__)

PART = "relay"
LOOP_SECONDS = 90.0


class RelayStatus:
    """Reports the status of a relay, and logs each change once."""

    def __init__(self, health: Health) -> None:
        self._health = health
        self._shards: frozenset[int] = frozenset()

    def heartbeat(self) -> None:
        """Record that the relay's loop makes progress."""
        self._health.heartbeat(PART, LOOP_SECONDS)

    def mark_working(self, shards: frozenset[int]) -> None:
        """Record that a read or a write of the outbox succeeded."""
        if shards != self._shards:
            _log.info("shards_acquired", shards=sorted(shards))
            self._shards = shards
        self._health.mark_ready(PART)

    def set_shards(self, shards: frozenset[int]) -> None:
        """Report the number of shards of this relay."""
        SHARDS_HELD.set(len(shards))

    def mark_failed(self, error: Exception) -> None:
        """Record an error after which the relay starts again. Until then other relays report what waits."""
        self.report_backlog(Size(0, 0, 0.0))
        reason = f"{type(error).__name__}: {error}"
        if self._health.readiness().get(PART) != reason:
            known = isinstance(error, StoreUnavailable)
            _log.warning("relay_restarted", error=str(error), exc_info=None if known else error)
        self._health.mark_not_ready(PART, reason)

    def mark_blocked(self, report: Report) -> None:
        """Record that messages have to be sent again: there is an outage, or the broker refuses all messages."""
        if report.error is not None:
            error = report.error
            reason = denied(error, "WRITE") or f"{type(error).__name__}: {error}"
            self._health.mark_not_ready(PART, f"the broker does not take messages: {reason}")
        elif report.refused:
            reasons = ", ".join(sorted({refusal.reason for refusal in report.refused.values()}))
            self._health.mark_not_ready(PART, f"the broker refuses all messages: {reasons}")

    def report_corrupt(self, frames: Iterable[HeldFrame]) -> None:
        """Report frames that cannot be read; they are held, with the messages behind them."""
        for held in frames:
            CORRUPT_FRAMES.inc()
            _log.error("frame_quarantined", position=held.frame.position, topic=held.frame.topic, reason=held.reason)

    def report_held(self, held: HeldKeys) -> None:
        """Report the held messages after a change."""
        topics = held.by_topic()
        HELD_MESSAGES.clear()
        for topic, (count, _) in topics.items():
            HELD_MESSAGES.labels(topic).set(count)
        reported = [f"{count} messages for {topic} ({reason})" for topic, (count, reason) in sorted(topics.items())]
        self._health.note(PART, f"held: {'; '.join(reported)}" if reported else None)

    def report_backlog(self, size: Size | None) -> None:
        """Report the messages of this relay's shards that wait, if they could be counted."""
        if size is not None:
            OUTBOX_MESSAGES.set(size.messages)
            OUTBOX_OLDEST_SECONDS.set(size.oldest_seconds)

    def report_end(self, error: Exception | None) -> None:
        """Report the end of the relay; `error` is the reason for unpublished messages that the next relay publishes."""
        if error is not None:
            _log.warning("relay_stopped_with_unpublished_messages", error=f"{type(error).__name__}: {error}")
        self._health.loop_ended(PART)
