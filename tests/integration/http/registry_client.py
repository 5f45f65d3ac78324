"""A client of the application with a real database and arbitrary tokens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
from starlette.types import ASGIApp

from consumers.health import Health
from service.core.world import World
from service.http.app import create_app
from service.http.outcome_wait import OutcomeWaits
from service.http.publisher import Publisher
from service.http.read_failures import PART, ReadFailures
from service.settings import Settings
from service.store.offset_fence import Origin
from service.store.pool import Pool, create_pool
from service.store.read_store import ReadStore
from service.store.world_save import save_world
from tests.support.issuer import Issuer
from tests.unit.http.api_client import verifier

TRUSTED = Issuer()
READ = "account:read admin:read"


def token_headers(sub: str = "pc:310", **claims: Any) -> dict[str, str]:
    """Return the headers with a token of all scopes, changed by `claims`."""
    return {"Authorization": f"Bearer {TRUSTED.token(sub=sub, **{'scope': READ, **claims})}"}


@dataclass(frozen=True, slots=True)
class RegistryClient:
    """An HTTP client, the store behind the application, and the pool of its expensive reads."""

    client: httpx.AsyncClient
    app: ASGIApp
    reader: ReadStore
    database_url: str
    expensive: Pool

    async def get(
        self,
        path: str,
        *,
        sub: str = "pc:310",
        headers: dict[str, str] | None = None,
        params: dict[str, str] | None = None,
        **claims: Any,
    ) -> httpx.Response:
        """Send a GET with a token of all scopes, changed by `claims`."""
        all_headers = httpx.Headers({**token_headers(sub, **claims), **(headers or {})}, encoding="latin-1")
        return await self.client.get(path, headers=all_headers, params=params)

    async def body(self, path: str, **claims: Any) -> Any:
        """Return the body of a response, which must be 200."""
        answer = await self.get(path, **claims)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def codes(self, path: str, **claims: Any) -> list[str]:
        """Return the code strings on a page of codes, in order."""
        return [item["attributes"]["code"] for item in (await self.body(path, **claims))["data"]]

    async def save(self, after: World, before: World | None = None) -> None:
        """Write the difference of two worlds, as a batch does."""
        connection = await asyncpg.connect(self.database_url)
        try:
            async with connection.transaction():
                await save_world(connection, before or World(), after)
        finally:
            await connection.close()

    @asynccontextmanager
    async def changed(self, after: World, before: World) -> AsyncIterator[None]:
        """Change the database from `before` to `after`, and restore `before` at the end."""
        await self.save(after, before)
        try:
            yield
        finally:
            await self.save(before, after)

    @asynccontextmanager
    async def locked(self, table: str) -> AsyncIterator[None]:
        """Lock a table, so that no read of it ends."""
        connection = await asyncpg.connect(self.database_url)
        try:
            async with connection.transaction():
                await connection.execute(f"LOCK TABLE {table}")
                yield
        finally:
            await connection.close()


@asynccontextmanager
async def open_registry(
    database_url: str,
    origin: Origin | None = None,
    writes: tuple[Publisher, OutcomeWaits] | None = None,
    **settings: Any,
) -> AsyncIterator[RegistryClient]:
    """Open the application on a database, and return a client; `origin` is what it knows of the command topic."""

    async def known_origin() -> Origin | None:
        return origin

    all_settings = Settings(database_url=database_url, **settings)
    pool = await create_pool(all_settings, "test")
    expensive = await create_pool(all_settings, "test-expensive", all_settings.max_expensive_reads)
    reader = ReadStore(pool)
    failures = ReadFailures(Health([PART]))
    app = create_app(
        all_settings, reader, ReadStore(expensive), verifier(TRUSTED), failures, origin=known_origin, writes=writes
    )
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://registry.example") as client:
            yield RegistryClient(client, app, reader, database_url, expensive)
    finally:
        await pool.connections.close()
        await expensive.connections.close()
