"""Log lines about conditions that last, such as a database that is away."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from structlog.stdlib import BoundLogger


REMINDER_SECONDS: Final = 60.0


class LogCondition:
    """Logs a condition when it begins, at most once a minute while it lasts, and when it ends.

    `event` is the event of the first two kinds of lines, `end` that of the last one. A line while the condition lasts,
    and the last one, have the duration in `seconds`. A condition that callers bring about comes and goes: it ends only
    when it was not noted for `quiet_seconds`.
    """

    def __init__(
        self,
        logger: "BoundLogger",
        event: str,
        end: str,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        quiet_seconds: float = 0.0,
    ) -> None:
        self._log = logger
        self._event = event
        self._end = end
        self._monotonic = monotonic
        self._quiet_seconds = quiet_seconds
        self._since: float | None = None
        self._logged_at = self._noted_at = 0.0

    @property
    def exists(self) -> bool:
        """Whether the condition exists, as far as it was noted."""
        return self._since is not None

    def lasts(self, **values: Any) -> None:
        """Note that the condition exists; the values belong to the line."""
        now = self._noted_at = self._monotonic()
        if self._since is None:
            self._since = self._logged_at = now
            self._log.warning(self._event, **values)
        elif now - self._logged_at >= REMINDER_SECONDS:
            self._logged_at = now
            self._log.warning(self._event, **values, seconds=round(now - self._since))

    def ended(self, **values: Any) -> None:
        """Note that the condition does not exist."""
        if self._since is None:
            return
        now = self._monotonic()
        if now - self._noted_at >= self._quiet_seconds:
            seconds, self._since = round(now - self._since), None
            self._log.info(self._end, **values, seconds=seconds)
