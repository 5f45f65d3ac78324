"""The outcome of a command over HTTP, from processes with a real broker."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2

from service.http.development_key import sign
from tests.support.process import Service
from tests.support.registry import Registry
from tests.support.wait import eventually

SOURCE = "/test"


@asynccontextmanager
async def client(registry: Registry, service: Service) -> AsyncIterator[httpx2.AsyncClient]:
    """Return a client of a process, with the scope for administration."""
    folder, now = Path(str(registry.settings["jwks"])).parent, int(time.time())
    token = sign(folder, subject="admin", scope="admin:read", audience="producer-registry", issued_at=now)
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{service.api_port}", headers=headers) as one:
        yield one


async def status(one: httpx2.AsyncClient, identifier: str, place: tuple[int, int]) -> Any:
    """Return the status of a command by its id, partition and offset."""
    partition, offset = place
    query: dict[str, Any] = {"source": SOURCE, "id": identifier, "partition": partition, "offset": offset}
    answer = await one.get("/commands", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["status"]


async def test_a_command_is_pending_until_it_is_decided_or_dead_lettered(registry: Registry) -> None:
    region = {"type": "region", "value": "West", "distributor_id": "nobody"}
    first = await registry.command("group.create", "west", region, id="first", source=SOURCE)
    dead = await registry.send(registry.topics.commands, b"key", b"{", [])

    api = await registry.started("--role", "api")
    async with client(registry, api) as one:
        assert await status(one, "first", first) == "pending"
        assert await status(one, "dead", dead) == "pending"

        consumers = await registry.started("--role", "consumers")

        async def is_dead() -> bool:
            return bool(await status(one, "dead", dead) == "dead-lettered")

        await eventually(is_dead, what="the dead letter")
        assert await status(one, "first", first) == "rejected"
        assert await status(one, "next", (dead[0], dead[1] + 1)) == "pending"
    assert await consumers.stop() == 0
    assert await api.stop() == 0, api.last_lines()


async def test_a_command_is_pending_while_the_broker_does_not_answer(registry: Registry) -> None:
    api = await registry.started("--role", "api", kafka_bootstrap_servers="127.0.0.1:1")
    async with client(registry, api) as one:
        assert await status(one, "unknown", (0, 0)) == "pending"
    assert await api.stop() == 0, api.last_lines()
