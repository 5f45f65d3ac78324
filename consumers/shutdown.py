"""The shutdown of a process: requested by its operator, or by a part that cannot continue."""

import asyncio
from dataclasses import dataclass

from service.telemetry import log

_log = log(__name__)


@dataclass(slots=True)
class Shutdown:
    """`stop` is set when the process has to end; `reason` is set when it ends because of a failure."""

    stop: asyncio.Event
    reason: str | None = None

    def fail(self, reason: str) -> None:
        """End the process with this reason and a non-zero exit code. The first reason is kept."""
        if self.reason is None:
            self.reason = reason
            _log.error("process_failed", reason=reason)
        self.stop.set()
