"""Writes over HTTP while something fails: the response says whether the command was published, and a repeat is safe."""

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from service.stack.tansu import Tansu
from tests.acceptance.test_http_writes import CODES, NEW, client, directory
from tests.support import topic_log
from tests.support.ladder import running
from tests.support.process import Service
from tests.support.proxy import HOST, Proxy, requests
from tests.support.registry import Registry, registry_settings
from tests.support.wait import eventually

PRODUCE = 0
KEY = {"Idempotency-Key": "one"}
FOREVER = 1000


@pytest.fixture
async def kafka_proxy() -> AsyncIterator[Proxy]:
    """A proxy before a broker of its own, for everybody."""
    tansu: Tansu
    proxy = Proxy(lambda: (HOST, tansu.child.port))
    await proxy.start()
    tansu = Tansu(advertised=proxy.port)
    async with running(tansu):
        yield proxy
        await proxy.stop()


@pytest.fixture
async def postgres_proxy(database_url: str) -> AsyncIterator[Proxy]:
    """A proxy before the database, for the API."""
    parts = urlsplit(database_url)
    proxy = Proxy(lambda: (parts.hostname or HOST, parts.port or 5432))
    await proxy.start()
    yield proxy
    await proxy.stop()


@pytest.fixture
async def registry(database_url: str, kafka_proxy: Proxy, topic_prefix: str, tmp_path: Path) -> AsyncIterator[Registry]:
    """A registry with the directory, and a relay."""
    settings = registry_settings(database_url, f"{HOST}:{kafka_proxy.port}", topic_prefix, tmp_path, idempotent=False)
    async with Registry(settings, tmp_path).open() as registry:
        await registry.started("--role", "relay")
        consumers = await registry.started("--role", "consumers")
        await directory(registry)
        assert await consumers.stop() == 0
        yield registry


@pytest.fixture
async def api(registry: Registry, postgres_proxy: Proxy) -> Service:
    """An API whose database is behind the proxy."""
    parts = urlsplit(str(registry.settings["database_url"]))
    login = parts.netloc.rpartition("@")[0]
    url = parts._replace(netloc=f"{login}@{HOST}:{postgres_proxy.port}").geturl()
    return await registry.started("--role", "api", database_url=url, shutdown_deadline_seconds=5)


async def published(registry: Registry) -> int:
    """Return the number of records in the command topic."""
    ends = await topic_log.log_ends(str(registry.settings["kafka_bootstrap_servers"]), [registry.topics.commands])
    return sum(ends.values())


async def until_published(registry: Registry, count: int) -> None:
    """Wait until the command topic has this many records."""

    async def reached() -> bool:
        return await published(registry) >= count

    await eventually(reached, what=f"{count} records in the command topic")


async def metric(service: Service, name: str) -> float:
    """Return the value of a metric without labels."""
    async with httpx2.AsyncClient() as one:
        text = (await one.get(f"http://{HOST}:{service.admin_port}/metrics")).text
    return float(re.findall(rf"^{name} (\S+)$", text, re.MULTILINE)[0])


async def post(registry: Registry, service: Service, prefer: str, key: str = "one") -> httpx2.Response:
    """Create the code."""
    async with client(registry, service, Prefer=prefer) as one:
        return await one.post(CODES, json=NEW, headers={"Idempotency-Key": key})


async def state(registry: Registry, service: Service, response: httpx2.Response) -> Any:
    """Return the state of the command at the `Location` of a response."""
    async with client(registry, service) as one:
        return (await one.get(response.headers["location"])).json()["status"]


async def decided_once(registry: Registry, response: httpx2.Response) -> None:
    """Check the final response: the code exists, and its command had one effect."""
    assert response.status_code == 201, response.text
    events = await registry.events_when(response.json()["data"]["attributes"]["id"], 1)
    assert len({event.text["ce_id"] for event in events}) == 1
    assert len({outcome.value for outcome in registry.outcomes("one")}) <= 1


async def test_without_consumers_the_command_is_pending(registry: Registry, api: Service) -> None:
    # Meanwhile the API looks for the outcome several times.
    accepted = await post(registry, api, "wait=3")
    assert (accepted.status_code, accepted.json()) == (202, {"status": "pending"})
    assert await state(registry, api, accepted) == "pending"
    await registry.started("--role", "consumers")
    await decided_once(registry, await post(registry, api, "wait=30"))
    assert await state(registry, api, accepted) == "accepted"


async def test_nothing_is_published_while_the_database_is_away(
    registry: Registry, api: Service, postgres_proxy: Proxy
) -> None:
    before = await published(registry)
    with postgres_proxy.away():
        refused = await post(registry, api, "wait=1")
    assert (refused.status_code, refused.headers["idempotency-key"]) == (503, "one")
    assert "Nothing was published." in refused.json()["detail"]
    assert int(refused.headers["retry-after"]) > 0
    assert await published(registry) == before
    await registry.started("--role", "consumers")
    created = await post(registry, api, "wait=30")
    assert "idempotent-replayed" not in created.headers
    await decided_once(registry, created)


async def test_a_published_command_is_pending_when_the_database_goes_away(
    registry: Registry, api: Service, postgres_proxy: Proxy
) -> None:
    before = await published(registry)
    asking = asyncio.create_task(post(registry, api, "wait=3"))
    await until_published(registry, before + 1)
    with postgres_proxy.away():
        accepted = await asking
    assert accepted.status_code == 202, accepted.text
    await registry.started("--role", "consumers")
    await decided_once(registry, await post(registry, api, "wait=30"))
    assert await state(registry, api, accepted) == "accepted"


async def test_a_topic_that_does_not_exist_takes_no_command(registry: Registry) -> None:
    api = await registry.started("--role", "api", topic_prefix=f"{registry.settings['topic_prefix']}-absent")
    refused = await post(registry, api, "wait=1")
    assert refused.status_code == 503
    assert "Nothing was published." in refused.json()["detail"]


async def test_a_lost_reply_of_the_broker_is_reported_and_a_repeat_is_safe(
    registry: Registry, api: Service, kafka_proxy: Proxy
) -> None:
    await registry.started("--role", "consumers")
    # Each connection is cut when the broker has answered a produce request.
    kafka_proxy.trap(requests(PRODUCE), after=True, pid=api.pid, times=FOREVER)
    refused = await post(registry, api, "wait=30")
    kafka_proxy.disarm()
    assert (refused.status_code, refused.headers["idempotency-key"]) == (503, "one")
    assert "may still be decided: repeat the request with the same key" in refused.json()["detail"]
    assert "location" not in refused.headers
    await registry.outcome("one")
    repeated = await post(registry, api, "wait=30")
    assert repeated.headers["idempotent-replayed"] == "true"
    await decided_once(registry, repeated)


async def test_a_request_whose_process_is_killed_is_repeated_on_another(registry: Registry, api: Service) -> None:
    other = await registry.started("--role", "api")
    before = await published(registry)
    asking = asyncio.create_task(post(registry, api, "wait=30"))
    await until_published(registry, before + 1)
    await api.kill()
    with pytest.raises(httpx2.HTTPError):
        await asking
    repeating = asyncio.create_task(post(registry, other, "wait=30"))
    await until_published(registry, before + 2)
    await registry.started("--role", "consumers")
    await decided_once(registry, await repeating)


async def test_a_waiting_request_gets_the_address_of_the_state_when_its_process_ends(
    registry: Registry, api: Service
) -> None:
    other = await registry.started("--role", "api")
    before = await published(registry)
    asking = asyncio.create_task(post(registry, api, "wait=30"))
    await until_published(registry, before + 1)
    assert await metric(api, "producer_registry_http_writes_waiting") == 1
    assert await api.stop() == 0, api.last_lines()
    accepted = await asking
    assert accepted.status_code == 202, accepted.text
    assert accepted.headers["idempotency-key"] == "one"
    assert await state(registry, other, accepted) == "pending"
    await registry.started("--role", "consumers")
    await decided_once(registry, await post(registry, other, "wait=30"))
    assert await state(registry, other, accepted) == "accepted"


async def test_a_process_that_ends_while_it_publishes_says_that_the_command_may_be_published(
    registry: Registry, api: Service, kafka_proxy: Proxy
) -> None:
    first = kafka_proxy.trap(requests(PRODUCE), after=True, pid=api.pid)
    kafka_proxy.trap(requests(PRODUCE), after=True, pid=api.pid, times=FOREVER)
    asking = asyncio.create_task(post(registry, api, "wait=30"))
    async with asyncio.timeout(30):
        await first.triggered.wait()
    api.send(signal.SIGTERM)
    refused = await asking
    kafka_proxy.disarm()
    assert refused.status_code == 503
    assert "The service is shutting down." in refused.json()["detail"]
    assert "may still be decided: repeat the request with the same key" in refused.json()["detail"]
    assert await api.gone()
    assert api.code == 0, api.last_lines()
