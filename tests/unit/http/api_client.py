"""The application with a stub of the store."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import httpx

from consumers.health import Health
from service.http.app import create_app
from service.http.caller import Verifier
from service.http.jwks import KeySet
from service.http.outcome_wait import OutcomeWaits
from service.http.publisher import Publisher
from service.http.read_failures import PART, ReadFailures
from service.settings import Settings
from service.store.code_page import Items
from service.store.read_store import ReadStore
from tests.support import issuer

EMPTY = Items(b"[]", 0, more=False, total=None)


class StubReader:
    """A reader with only the account query, which returns or raises the result of `answer`."""

    def __init__(self, answer: Any = EMPTY) -> None:
        self._answer = answer

    async def codes_of_caller(self, _subject: str, **_page: object) -> Items | None:
        return cast("Items | None", await self._answer() if callable(self._answer) else self._answer)


def verifier(of: issuer.Issuer) -> Verifier:
    """Return a verifier that trusts the issuer."""
    keys = KeySet("memory", ["ES256", "RS256", "EdDSA"], read=lambda _: of.jwks())
    return Verifier(keys, issuer=issuer.NAME, audience=issuer.AUDIENCE)


@asynccontextmanager
async def api_client(
    of: issuer.Issuer, answer: Any = EMPTY, writes: tuple[Publisher, OutcomeWaits] | None = None, **settings: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of the application."""
    reader = cast("ReadStore", StubReader(answer))
    app = create_app(Settings(**settings), reader, reader, verifier(of), ReadFailures(Health([PART])), writes=writes)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://registry.example") as client:
        yield client
