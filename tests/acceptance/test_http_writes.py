"""Writes over HTTP with a real broker: the API publishes commands, the consumers decide them."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2

from service.http.development_key import sign
from tests.support.process import Service, health
from tests.support.registry import Registry
from tests.support.wait import eventually

CODES = "/admin/v1/producer-codes"
NEW: dict[str, Any] = {
    "data": {"attributes": {"code": "301-008579", "organization": {"id": "pc:4"}, "roles": [{"id": "producer"}]}}
}
CHANGE: dict[str, Any] = {"data": {"attributes": {"appointmentDate": "2022-07-09"}}}


@asynccontextmanager
async def client(registry: Registry, service: Service, **headers: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Return a client of a process that may read and write."""
    folder, now = Path(str(registry.settings["jwks"])).parent, int(time.time())
    scope = "admin:read admin:write"
    token = sign(folder, subject="ann", scope=scope, audience="producer-registry", issued_at=now)
    all_headers = {"Authorization": f"Bearer {token}", **headers}
    url = f"http://127.0.0.1:{service.api_port}"
    async with httpx2.AsyncClient(base_url=url, headers=all_headers, timeout=60) as one:
        yield one


async def directory(registry: Registry) -> None:
    """Put the organization and the role of the code."""
    await registry.accepted("organization.put", "pc:4", {"displayName": "ACV Property Insurance"}, id="o")
    await registry.accepted("role.put", "producer", {"displayName": "Producer"}, id="r")


async def test_the_calls_of_the_producer_codes_document_work(registry: Registry) -> None:
    service = await registry.started()
    await directory(registry)
    async with client(registry, service, Prefer="wait=30") as one:
        created = await one.post(CODES, json=NEW, headers={"Idempotency-Key": "one"})
        assert created.status_code == 201, created.text
        location = created.headers["location"]
        assert (await one.get(location)).content == created.content
        changed = await one.patch(location, json=CHANGE, headers={"If-Match": created.headers["etag"]})
        assert changed.status_code == 200, changed.text
        assert changed.json()["data"]["attributes"]["appointmentDate"] == "2022-07-09"
        stale = await one.patch(location, json=CHANGE, headers={"If-Match": created.headers["etag"]})
        assert stale.status_code == 412
        again = await one.post(CODES, json=NEW, headers={"Idempotency-Key": "one"})
        assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
        assert again.headers["etag"] == changed.headers["etag"]
    subject = created.json()["data"]["attributes"]["id"]
    events = await registry.events_when(subject, 2)
    assert [event.text["ce_entityversion"] for event in events] == ["1", "2"]
    assert (await registry.outcome("one")).data["command"]["source"] == "/http/ann"
    assert await service.stop() == 0, service.last_lines()


async def test_a_request_is_repeated_on_another_process_after_the_first_was_killed(registry: Registry) -> None:
    consumers = await registry.started("--role", "consumers")
    relay = await registry.started("--role", "relay")
    await directory(registry)
    assert await consumers.stop() == 0
    first, second = await registry.started_all(("--role", "api"), ("--role", "api"))
    key = {"Idempotency-Key": "one"}
    async with client(registry, first) as one:
        accepted = await one.post(CODES, json=NEW, headers=key | {"Prefer": "wait=0"})
        assert accepted.status_code == 202
        assert (await one.get(accepted.headers["location"])).json() == {"status": "pending"}
    await first.kill()
    await registry.started("--role", "consumers")
    async with client(registry, second) as one:
        created = await one.post(CODES, json=NEW, headers=key | {"Prefer": "wait=30"})
        assert created.status_code == 201, created.text
        assert (await one.get(accepted.headers["location"])).json()["status"] == "accepted"
    events = await registry.events_when(created.json()["data"]["attributes"]["id"], 1)
    assert len(events) == 1
    assert await second.stop() == 0
    assert await relay.stop() == 0


async def test_without_a_broker_nothing_is_published_and_reads_go_on(registry: Registry) -> None:
    api = await registry.started("--role", "api", kafka_bootstrap_servers="127.0.0.1:1")
    async with client(registry, api) as one:
        refused = await one.post(CODES, json=NEW, headers={"Idempotency-Key": "one"})
        assert refused.status_code == 503
        assert "Nothing was published." in refused.json()["detail"]
        assert refused.headers["idempotency-key"] == "one"
        assert (await one.get(CODES)).status_code == 200
    assert await health(api.admin_port, "/readyz", seconds=30) == 200
    assert await api.stop() == 0


async def test_writes_can_be_switched_off(registry: Registry) -> None:
    api = await registry.started("--role", "api", http_writes="off")
    async with client(registry, api) as one:
        assert (await one.post(CODES, json=NEW)).status_code == 405
    assert await api.stop() == 0
    refused = registry.service("--role", "api", http_writes="on", kafka_bootstrap_servers="")
    refused.start()
    await eventually(lambda: not refused.alive, what="the end of the process")
    assert await refused.gone()
    assert refused.code == 2
    assert "REGISTRY_HTTP_WRITES: on requires REGISTRY_KAFKA_BOOTSTRAP_SERVERS" in refused.last_lines()
