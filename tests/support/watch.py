"""Watch a process for a while: the sequence of its readiness answers, and its log lines."""

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
    """`reported` has the status and parts of each answer of /readyz that differs from the previous one."""

    reported: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def lost(self) -> dict[str, int]:
        """Return how often each part changed from ready to not ready."""
        return Counter(
            part
            for (_, before), (_, after) in pairwise(self.reported)
            for part, trouble in after.items()
            if before.get(part) == "ready" != trouble
        )

    def statuses_since_named(self, part: str, word: str) -> list[int]:
        """Return the statuses from the first answer in which this part contains the word; empty if there is none."""
        for index, (_, parts) in enumerate(self.reported):
            if word.casefold() in parts.get(part, "").casefold():
                return [status for status, _ in self.reported[index:]]
        return []


async def reported(service: Service) -> tuple[int, dict[str, str]]:
    """Return the status and the parts of one answer of /readyz."""
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{service.admin_port}") as client:
        answer = await client.get("/readyz")
    parts: dict[str, str] = answer.json()["parts"]
    return answer.status_code, parts


async def part(service: Service, name: str) -> str:
    """Return the readiness of a part; an empty text while the port does not answer or does not know the part."""
    try:
        return (await reported(service))[1].get(name, "")
    except httpx2.TransportError:
        return ""


async def watch(service: Service, seconds: float) -> Watched:
    """Watch a process that was just started, for this many seconds after its first answer."""
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
