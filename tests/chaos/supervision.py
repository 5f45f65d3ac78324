"""Restart services that die, and let none leave its consumer group while the embedded broker would break the group."""

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.chaos.run import Run

SUPERVISION_SECONDS = 0.05
AFTER_CRASH_SECONDS = 1.0


class Deaths:
    """When a member of the consumer group died, and until when its session lasts.

    If a member leaves in the moment in which the session of a dead one ends, the embedded broker lets nobody join the
    group any more. Consumers of the client library alone show that, and Apache Kafka does not have it, so deaths
    `matter` on the embedded broker only.
    """

    def __init__(self, session_seconds: float, *, matter: bool) -> None:
        self._seconds = session_seconds + 1.0
        self._matter = matter
        self._over_at = 0.0

    def add(self) -> None:
        """Note that a process died without leaving the group."""
        self._over_at = time.monotonic() + self._seconds

    async def wait_for_sessions(self) -> None:
        """Wait until the sessions of all dead processes have ended."""
        if self._matter:
            await asyncio.sleep(max(0.0, self._over_at - time.monotonic()))


async def supervise(run: "Run") -> None:
    """Restart services that died; only SIGKILL is an allowed cause."""
    while True:
        for service in list(run.supervised):
            if not service.alive:
                run.deaths.add()
                if service.code != -9:
                    if service not in run.mortal:
                        run.crashes.append(f"{service.name} exited unexpectedly with {service.code}")
                    await asyncio.sleep(AFTER_CRASH_SECONDS)
                # A fault may have stopped or started it in the meantime.
                if service in run.supervised and not service.alive:
                    service.start()
        await asyncio.sleep(SUPERVISION_SECONDS)
