"""The port for operators: /livez, /readyz and /metrics, without token and without data."""

from collections.abc import Mapping
from typing import Protocol

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from service.telemetry import CONTENT_TYPE, exposition


class Facts(Protocol):
    """What the process knows about itself."""

    def ready(self) -> Mapping[str, str | None]:
        """Each part with its trouble, None for a well one."""

    def notes(self) -> Mapping[str, str]:
        """What there is to know of parts that work."""

    def stuck(self) -> Mapping[str, str]:
        """The loops that stand still."""


def create_admin(facts: Facts) -> Starlette:
    """The application of the admin port."""

    async def livez(_: Request) -> Response:
        stuck = facts.stuck()
        return _json({"status": "stuck" if stuck else "alive", "loops": dict(stuck)}, 503 if stuck else 200)

    async def readyz(_: Request) -> Response:
        parts = facts.ready()
        ready = not any(parts.values())
        notes = facts.notes()
        told = {part: trouble or "ready" for part, trouble in parts.items()}
        told |= {part: f"{told[part]}; {note}" for part, note in notes.items() if part in told}
        return _json({"status": "ready" if ready else "not ready", "parts": told}, 200 if ready else 503)

    async def metrics(_: Request) -> Response:
        return Response(exposition(), media_type=CONTENT_TYPE)

    return Starlette(routes=[Route("/livez", livez), Route("/readyz", readyz), Route("/metrics", metrics)])


def _json(content: object, status: int) -> Response:
    return Response(orjson.dumps(content), status, {"Cache-Control": "no-store"}, "application/json")
