"""Watch a process for a while: the sequence of its readiness answers, and its log lines."""

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

from tests.support.http_client import Asker, asker
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
    """Return the status and the parts of one answer of /readyz. Raises OSError or EOFError if there is none."""
    async with asker(service.admin_port) as admin:
        return await _reported(admin)


async def _reported(admin: Asker) -> tuple[int, dict[str, str]]:
    status, body = await admin.get("/readyz")
    parts: dict[str, str] = json.loads(body)["parts"]
    return status, parts


async def part(service: Service, name: str) -> str:
    """Return the readiness of a part; an empty text while the port does not answer or does not know the part."""
    try:
        return (await reported(service))[1].get(name, "")
    except (OSError, EOFError):
        return ""


async def watch(service: Service, seconds: float) -> Watched:
    """Watch a process that was just started, for this many seconds after its first answer."""
    watched = Watched()
    async with asker(service.admin_port) as admin:

        async def ask() -> bool:
            assert service.alive, service.last_lines()
            try:
                answer = await _reported(admin)
            except (OSError, EOFError):
                return False
            if answer not in watched.reported[-1:]:
                watched.reported.append(answer)
            return True

        await eventually(ask, deadline=60, what=f"the admin port of {service.name}")
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            await ask()
            await asyncio.sleep(POLL_SECONDS)
    watched.lines = service.log.read_text(errors="replace").splitlines()[1:]
    return watched
