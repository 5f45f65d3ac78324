"""The shutdown of a process: requested by its operator, or by a part that cannot continue."""

import asyncio
from dataclasses import dataclass
from typing import Any

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

    def watch(self, task: "asyncio.Task[Any]", name: str) -> None:
        """End the process when this task fails: without it, the process would look healthy and do a part of its work.

        A task that returns or is cancelled has ended as it should.
        """

        def ended(task: "asyncio.Task[Any]") -> None:
            if not task.cancelled() and (error := task.exception()) is not None:
                _log.error("task_failed", task=name, exc_info=error)
                self.fail(f"the task {name!r} failed with an unexpected error: {error!r}")

        task.add_done_callback(ended)
