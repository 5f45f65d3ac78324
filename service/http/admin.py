"""The admin port: /livez, /readyz and /metrics, without authentication and without data of the registry."""

from collections.abc import Mapping
from typing import Protocol

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from service.telemetry import CONTENT_TYPE, exposition


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
        return Response(exposition(), media_type=CONTENT_TYPE)

    return Starlette(routes=[Route("/livez", livez), Route("/readyz", readyz), Route("/metrics", metrics)])


def _json(content: object, status: int) -> Response:
    return Response(orjson.dumps(content), status, {"Cache-Control": "no-store"}, "application/json")
