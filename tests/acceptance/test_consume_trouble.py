"""Failures of dependencies: they never lose, duplicate or reorder a command.

test_consume has records that are not commands, and rejections.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from service.contract.catalogue import wire_type
from service.stack.tansu import Tansu
from tests.support.bearer import bearer
from tests.support.http_client import http_client
from tests.support.ladder import running
from tests.support.measured import measured
from tests.support.process import Service, health
from tests.support.proxy import HOST, Proxy
from tests.support.registry import Registry, registry_settings
from tests.support.wait import eventually

pytestmark = pytest.mark.timeout(900)


def name(number: int) -> dict[str, str]:
    return {"displayName": f"Organization {number}"}


def through(proxy: Proxy, url: str) -> str:
    """Return the URL of a database through the proxy."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@{HOST}:{proxy.port}"))


@pytest.fixture
async def proxy(database_url: str) -> AsyncIterator[Proxy]:
    """A proxy in front of the database."""
    parts = urlsplit(database_url)
    assert parts.hostname, database_url
    host, port = parts.hostname, parts.port or 5432
    proxy = Proxy(lambda: (host, port))
    await proxy.start()
    yield proxy
    await proxy.stop()


def rising(count: int) -> list[str]:
    return [str(version) for version in range(1, count + 1)]


async def part(port: int, part_name: str) -> bool:
    """Return whether a part is not ready."""
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(f"GET /readyz HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
    answer = (await reader.read()).decode()
    writer.close()
    return "503" in answer.split("\r\n")[0] and f'"{part_name}":"ready"' not in answer


async def test_commands_wait_during_an_outage_of_the_database_and_are_decided_after_it(
    registry: Registry, proxy: Proxy, database_url: str
) -> None:
    service = await registry.started(database_url=through(proxy, database_url))
    await registry.accepted("organization.put", "away:1", name(0), id="a0")
    with proxy.away():
        for number in range(1, 30):
            await registry.command("organization.put", "away:1", name(number), id=f"a{number}", key=f"k{number % 3}")
        await eventually(lambda: part(service.admin_port, "database"), what="readiness that names the database")
        assert await health(service.admin_port, "/livez", seconds=30) == 200
    await registry.ready(service)
    assert await registry.versions("away:1", 30) == rising(30)
    assert registry.dead_letters == []


@pytest.mark.parametrize("after", [False, True], ids=["before the commit", "between commit and answer"])
async def test_a_command_is_decided_once_when_the_connection_is_cut(
    registry: Registry, proxy: Proxy, database_url: str, after: bool
) -> None:
    await registry.started(database_url=through(proxy, database_url))
    await registry.accepted("organization.put", "cut:1", name(0), id="c0")
    trap = proxy.trap(lambda data: b"COMMIT" in data, after=after)
    for number in range(1, 20):
        await registry.command("organization.put", "cut:1", name(number), id=f"c{number}")
    await asyncio.wait_for(trap.triggered.wait(), 30)
    assert await registry.versions("cut:1", 20) == rising(20)
    for number in range(20):
        assert len({outcome.text["ce_id"] for outcome in await registry.outcomes_when(f"c{number}", 1)}) == 1
    assert registry.dead_letters == []


async def waiting(connection: "asyncpg.Connection[asyncpg.Record]") -> bool:
    """Return whether a session of this database waits for a lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return bool(await connection.fetchval(query))


async def test_a_batch_with_a_transaction_conflict_is_decided_again(registry: Registry, database_url: str) -> None:
    service = await registry.started()
    await registry.accepted("organization.put", "race:1", name(0), id="r0")
    region = {"type": "region", "value": "North", "distributor_id": "race:1"}
    other, observer = await asyncpg.connect(database_url), await asyncpg.connect(database_url)
    try:
        async with other.transaction():
            # Another process creates the same group at the same time, and commits first.
            await other.execute(
                "INSERT INTO registry_group VALUES ('race:g', 'region', '\"South\"', 'race:1', '{}', 0, 1)"
            )
            await registry.command("group.create", "race:g", region, id="r1", key="race:1")
            await registry.command("group.create", "race:h", region, id="r2", key="race:1")
            await eventually(lambda: waiting(observer), what="a batch that waits for the other process")
    finally:
        await other.close()
        await observer.close()
    lost = await registry.outcome("r1")
    assert (lost.text["ce_type"], lost.data["problem"]["code"]) == (wire_type("command.rejected"), "already-exists")
    assert (await registry.outcome("r2")).text["ce_type"] == wire_type("command.accepted")
    assert (len(registry.outcomes("r1")), len(registry.outcomes("r2"))) == (1, 1)
    assert await measured(service.admin_port, "producer_registry_trouble_total", kind="race") >= 1
    assert registry.dead_letters == []


async def test_only_the_record_the_database_refuses_is_dead_lettered(registry: Registry, database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("ALTER TABLE organization ADD CHECK (display_name <> 'poison')")
    await connection.close()
    service = registry.service()
    for number in range(20):
        subject, data = ("sick:2", {"displayName": "poison"}) if number == 7 else ("sick:1", name(number))
        await registry.command("organization.put", subject, data, id=f"d{number}")
    service.start()
    await registry.outcome("d19")
    assert await registry.versions("sick:1", 19) == rising(19)
    [letter] = await eventually(lambda: registry.dead_letters, what="the dead letter")
    assert letter.text["ce_id"] == "d7"
    assert letter.text["dlq_reason"] == "failed"
    assert "StoreDefect" in letter.text["__connect.errors.exception.message"]
    assert "postgresql://" not in letter.text["__connect.errors.exception.message"]
    assert registry.outcomes("d7") == []


async def reported(service: Service, path: str, token: str) -> dict[str, Any]:
    """Return the answer of the API to a request with a token."""
    async with http_client(service.api_port) as client:
        answer = await client.get(path, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_readiness_names_a_frozen_broker_and_the_service_continues_after_it(
    database_url: str, tmp_path: Path, topic_prefix: str
) -> None:
    tansu = Tansu()
    async with running(tansu) as address:
        settings = registry_settings(database_url, address, topic_prefix, tmp_path, idempotent=False)
        async with Registry(settings, tmp_path).open() as registry:
            service = await registry.started()
            reading = await registry.started("--role", "api")
            await registry.accepted("organization.put", "still:1", name(0), id="s0")
            region = {"type": "region", "value": "North", "distributor_id": "still:1"}
            await registry.accepted("group.create", "still:2", region, id="s-group")
            assert tansu.child.pid is not None
            os.kill(tansu.child.pid, signal.SIGSTOP)
            try:
                await eventually(lambda: part(service.admin_port, "broker"), what="readiness that names the broker")
                assert await health(service.admin_port, "/livez", seconds=30) == 200
                for process in (service, reading):
                    group = (await reported(process, "/groups/still:2", bearer(registry)))["group"]
                    assert (group["id"], group["value"]) == ("still:2", "North"), "reads continue"
                assert await health(reading.admin_port, "/readyz", seconds=30) == 200, "the API stays ready"
            finally:
                os.kill(tansu.child.pid, signal.SIGCONT)
            await registry.ready(service)
            for number in range(1, 10):
                await registry.command("organization.put", "still:1", name(number), id=f"s{number}")
            assert await registry.versions("still:1", 10) == rising(10)
            os.kill(tansu.child.pid, signal.SIGSTOP)
            try:
                await eventually(lambda: part(service.admin_port, "broker"), what="readiness that names the broker")
                assert await service.stop() == 0, service.last_lines()
            finally:
                os.kill(tansu.child.pid, signal.SIGCONT)


POINTS = ("after_claim", "before_commit", "after_commit", "mid_publish", "after_publish", "before_offset_commit")


async def test_nothing_is_lost_or_decided_twice_when_the_process_dies_at_any_point(registry: Registry) -> None:
    service = registry.service()
    for life, point in enumerate(POINTS):
        for number in range(life * 10, life * 10 + 10):
            await registry.command("organization.put", "die:1", name(number), id=f"p{number}", key=f"k{number % 2}")
        service.start(failpoints=f"{point}=kill")
        assert await service.gone(60), f"{point} was never reached"
        assert service.code == -signal.SIGKILL, service.last_lines()
    service.start()
    assert await registry.versions("die:1", 60) == rising(60)
    for number in range(60):
        outcomes = await registry.outcomes_when(f"p{number}", 1)
        assert len({outcome.value for outcome in outcomes}) == 1
    assert registry.dead_letters == []


async def test_a_second_signal_ends_at_once_and_loses_nothing(registry: Registry) -> None:
    service = await registry.started(drain_delay_seconds=60, shutdown_deadline_seconds=90)
    await registry.command("organization.put", "twice:1", name(0), id="t0")
    service.send(signal.SIGTERM)
    await eventually(lambda: _stopping(service.admin_port), what="the first signal")
    service.send(signal.SIGTERM)
    assert await service.gone(10), service.last_lines()
    assert service.code == 128 + signal.SIGTERM
    service.start()
    outcome = await registry.outcome("t0")
    assert outcome.data["version"] == 1


async def _stopping(port: int) -> bool:
    return await health(port, "/readyz") == 503
