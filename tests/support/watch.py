"""Watching a process for a while: what its readiness says one time after the other, and how much it logs meanwhile."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

import httpx2

from tests.support.process import Service
from tests.support.wait import eventually

POLL_SECONDS = 0.1


@dataclass
class Watched:
    """What was seen; `told` has each answer of /readyz that differs from the one before: its status and its parts."""

    reported: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def lost(self) -> dict[str, int]:
        """How often each part was ready and then was not."""
        return Counter(
            part
            for (_, before), (_, after) in pairwise(self.reported)
            for part, trouble in after.items()
            if before.get(part) == "ready" != trouble
        )

    def statuses_since_named(self, part: str, word: str) -> list[int]:
        """The statuses from the first answer on in which this part speaks of the word; none when it never did."""
        for index, (_, parts) in enumerate(self.reported):
            if word.casefold() in parts.get(part, "").casefold():
                return [status for status, _ in self.reported[index:]]
        return []


async def watch(service: Service, seconds: float) -> Watched:
    """Watch a process that was just started for so long from its first answer on."""
    watched = Watched()
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{service.admin_port}") as client:

        async def ask() -> bool:
            assert service.alive, service.last_lines()
            try:
                answer = await client.get("/readyz")
            except httpx2.TransportError:
                return False
            reported = answer.status_code, answer.json()["parts"]
            if reported not in watched.reported[-1:]:
                watched.reported.append(reported)
            return True

        await eventually(ask, deadline=60, what=f"the admin port of {service.name}")
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            await ask()
            await asyncio.sleep(POLL_SECONDS)
    watched.lines = service.log.read_text(errors="replace").splitlines()[1:]
    return watched
