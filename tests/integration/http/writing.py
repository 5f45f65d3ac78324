"""An application that writes: a real database decides the commands; a stub takes the place of the broker."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from service.contract.sending import CommandRecord
from service.http.outcome_wait import OutcomeWaits
from service.http.publisher import Acknowledgement
from service.settings import Settings
from service.store.command_store import CommandStore
from service.store.offset_fence import Origin
from service.store.outcome_session import OutcomeSession
from tests.integration.http.registry_client import RegistryClient, open_registry, token_headers
from tests.integration.store.conftest import ORIGIN
from tests.support import scenario
from tests.support.record import TOPICS, Log

CODES = "/admin/v1/producer-codes"
NEW: dict[str, Any] = {"code": "301-008579", "organization": {"id": "pc:4"}, "roles": [{"id": "producer"}]}


async def known() -> Origin | None:
    return ORIGIN


@dataclass
class Broker:
    """Decides commands as soon as they are published; `before` and `after` run around that."""

    store: CommandStore
    log: Log = field(default_factory=Log)
    before: Callable[[], Awaitable[None]] | None = None
    decides: bool = True
    keys: list[bytes | None] = field(default_factory=list)

    async def publish(self, record: CommandRecord, seconds: float) -> Acknowledgement:
        assert record.topic == TOPICS.commands
        assert seconds > 0
        if self.before is not None:
            await self.before()
        self.log.append(record.key, record.value, tuple(record.headers))
        self.keys.append(record.key)
        if self.decides:
            await self.decide()
        return Acknowledgement(0, len(self.log.records) - 1)

    async def decide(self) -> None:
        """Decide what is published."""
        await self.store.apply(self.log.read())


@dataclass
class Writing:
    """A client that writes, and the broker behind it."""

    registry: RegistryClient
    broker: Broker

    async def send(
        self, method: str, path: str, attributes: Any = None, *, key: str | None = None, **more: Any
    ) -> httpx.Response:
        """Send attributes, `json`, `content` or no body; `headers` and claims of the token are in `more`."""
        headers = more.pop("headers", {}) | ({} if key is None else {"Idempotency-Key": key})
        given = {name: more.pop(name) for name in ("content", "json") if name in more}
        if attributes is not None:
            given = {"json": {"data": {"attributes": attributes}}}
        token = token_headers(more.pop("sub", "ann"), **{"scope": "admin:write", **more})
        return await self.registry.client.request(method, path, headers={**token, **headers}, **given)


@asynccontextmanager
async def open_writing(database_url: str) -> AsyncIterator[Writing]:
    """Open an application that writes, on a database with the directory of the seed documents."""
    settings = Settings(database_url=database_url)
    store = CommandStore(settings, TOPICS, origin=ORIGIN)
    await store.apply(scenario.directory().read())
    broker = Broker(store)
    waits = OutcomeWaits(OutcomeSession(settings, TOPICS), known, most=2)
    running = asyncio.create_task(waits.run())
    async with open_registry(database_url, ORIGIN, (broker, waits)) as registry:
        yield Writing(registry, broker)
    running.cancel()
    await asyncio.wait((running,))
    await store.close()
