"""The admin port: /livez, /readyz and /metrics, without authentication and without data of the registry."""

import math
import time
from collections.abc import Mapping
from typing import Final, Protocol

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from service.telemetry import CONTENT_TYPE, exposition

METRICS_SECONDS: Final = 0.5
"""How long the text of the metrics is shown again: it takes milliseconds to write, and many may ask for it."""


class Facts(Protocol):
    """The state of the process."""

    def readiness(self) -> Mapping[str, str | None]:
        """Return the problem of each part, None for a part that is ready."""

    def notes(self) -> Mapping[str, str]:
        """Return notes about parts that are ready."""

    def stalled(self) -> Mapping[str, str]:
        """Return the stalled loops, each with a description."""


def create_admin(facts: Facts) -> Starlette:
    """Return the application of the admin port."""
    shown, shown_at = b"", -math.inf

    async def livez(_: Request) -> Response:
        stalled = facts.stalled()
        return _json({"status": "stuck" if stalled else "alive", "loops": dict(stalled)}, 503 if stalled else 200)

    async def readyz(_: Request) -> Response:
        parts = facts.readiness()
        readiness = not any(parts.values())
        notes = facts.notes()
        reported = {part: problem or "ready" for part, problem in parts.items()}
        reported |= {part: f"{reported[part]}; {note}" for part, note in notes.items() if part in reported}
        return _json({"status": "ready" if readiness else "not ready", "parts": reported}, 200 if readiness else 503)

    async def metrics(_: Request) -> Response:
        nonlocal shown, shown_at
        now = time.monotonic()
        if now - shown_at >= METRICS_SECONDS:
            shown, shown_at = exposition(), now
        return Response(shown, media_type=CONTENT_TYPE)

    return Starlette(routes=[Route("/livez", livez), Route("/readyz", readyz), Route("/metrics", metrics)])


def _json(content: object, status: int) -> Response:
    return Response(orjson.dumps(content), status, {"Cache-Control": "no-store"}, "application/json")
