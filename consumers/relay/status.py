"""What operators see of a relay: its part of readiness, its metrics, and a log line at each change."""

from collections.abc import Iterable

from consumers.health import Health
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
    """Takes what the relay finds out, and says it once."""

    def __init__(self, health: Health) -> None:
        self._health = health
        self._shards: frozenset[int] = frozenset()

    def moves(self) -> None:
        """The relay's loop turns."""
        self._health.heartbeat(PART, LOOP_SECONDS)

    def works(self, shards: frozenset[int]) -> None:
        """A read or a write of the outbox succeeded."""
        if shards != self._shards:
            _log.info("shards_acquired", shards=sorted(shards))
            self._shards = shards
        self._health.mark_ready(PART)

    def holds(self, shards: frozenset[int]) -> None:
        """These shards are ours."""
        SHARDS_HELD.set(len(shards))

    def fails(self, error: Exception) -> None:
        """The relay has to begin anew."""
        reason = f"{type(error).__name__}: {error}"
        if self._health.readiness().get(PART) != reason:
            known = isinstance(error, StoreUnavailable)
            _log.warning("relay_restarted", error=str(error), exc_info=None if known else error)
        self._health.mark_not_ready(PART, reason)

    def stuck(self, report: Report) -> None:
        """Messages have to be sent again: there is an outage, or everything is refused."""
        if report.error is not None:
            error = report.error
            self._health.mark_not_ready(PART, f"the broker does not take messages: {type(error).__name__}: {error}")
        elif report.refused:
            reasons = ", ".join(sorted({refusal.reason for refusal in report.refused.values()}))
            self._health.mark_not_ready(PART, f"the broker refuses all messages: {reasons}")

    def corrupt(self, frames: Iterable[HeldFrame]) -> None:
        """Frames cannot be read, and are set aside with what is behind them."""
        for bad in frames:
            CORRUPT_FRAMES.inc()
            _log.error("frame_quarantined", position=bad.frame.position, topic=bad.frame.topic, reason=bad.reason)

    def held(self, held: HeldKeys) -> None:
        """Messages are held back, or are no longer."""
        topics = held.by_topic()
        HELD_MESSAGES.clear()
        for topic, (count, _) in topics.items():
            HELD_MESSAGES.labels(topic).set(count)
        reported = [f"{count} messages for {topic} ({reason})" for topic, (count, reason) in sorted(topics.items())]
        self._health.note(PART, f"held: {'; '.join(reported)}" if reported else None)

    def waiting(self, size: Size | None) -> None:
        """So much waits in our shards, when it could be counted."""
        if size is not None:
            OUTBOX_MESSAGES.set(size.messages)
            OUTBOX_OLDEST_SECONDS.set(size.oldest_seconds)

    def ended(self, left: Exception | None) -> None:
        """The relay has come to its end, as it should; `left` is why there are messages for the next one."""
        if left is not None:
            _log.warning("relay_stopped_with_unpublished_messages", error=f"{type(left).__name__}: {left}")
        self._health.loop_ended(PART)
