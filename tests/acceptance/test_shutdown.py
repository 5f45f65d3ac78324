"""The shutdown of a process: the start of its deadline, the answers during it, and the effect of exceeding it."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from service.stack import port as ports
from service.stack.tansu import Tansu
from tests.support.bearer import bearer
from tests.support.ladder import running
from tests.support.process import health
from tests.support.registry import Registry, registry_settings
from tests.support.wait import eventually


def name(number: int) -> dict[str, str]:
    return {"displayName": f"Organization {number}"}


async def answers(port: int, path: str, status: int) -> bool:
    """Return whether this is the current status; 0 is no answer."""
    return await health(port, path) == status


async def test_the_deadline_begins_when_the_drain_delay_is_over(registry: Registry) -> None:
    service = await registry.started(drain_delay_seconds=7, shutdown_deadline_seconds=5)
    await registry.accepted("organization.put", "delay:1", name(0), id="delay-0")
    assert await service.stop() == 0, service.last_lines()


async def test_a_draining_process_is_not_ready_and_answers_until_the_delay_is_over(
    registry: Registry,
) -> None:
    service = await registry.started(drain_delay_seconds=5)
    await registry.accepted("organization.put", "drain:1", name(0), id="drain-0")
    token = bearer(registry)
    assert await health(service.api_port, "/groups", token=token, seconds=30) == 200
    service.send(signal.SIGTERM)
    # Much longer than the running work takes, and much shorter than the delay.
    end = time.monotonic() + 1.0
    await eventually(lambda: answers(service.admin_port, "/readyz", 503), what="readiness with status 503")
    while time.monotonic() < end:
        assert await health(service.api_port, "/groups", token=token) == 200, (
            "callers may not have noticed the change of readiness yet"
        )
    await eventually(lambda: answers(service.api_port, "/groups", 0), what="the end of the API")
    assert await service.gone(), service.last_lines()
    assert service.code == 0, service.last_lines()


async def test_a_signal_during_the_start_ends_the_process_with_success(registry: Registry) -> None:
    service = registry.service()
    service.start()
    # The port listens before it answers requests: this is the first sign of the process.
    await eventually(lambda: _listens(service.admin_port), what="the admin port")
    assert await service.stop() == 0, service.last_lines()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(ports.HOST, port)
    except OSError:
        return False
    writer.close()
    return True


async def test_an_exceeded_deadline_is_reported_and_the_next_process_continues(
    database_url: str, tmp_path: Path, topic_prefix: str
) -> None:
    tansu = Tansu()
    async with running(tansu) as address, _session(database_url) as other:
        settings = registry_settings(database_url, address, topic_prefix, tmp_path, idempotent=False)
        async with Registry(settings, tmp_path).open() as registry:
            service = await registry.started(shutdown_deadline_seconds=1)
            await registry.accepted("organization.put", "late:1", name(0), id="late-0")
            token = bearer(registry)
            async with other.transaction():
                # A waiting request takes one second of the shutdown.
                await other.execute("LOCK TABLE registry_group")
                asking = asyncio.create_task(health(service.api_port, "/groups", token=token, seconds=30))
                await eventually(lambda: _waiting(database_url), what="a waiting request")
                for number in range(1, 40):
                    await registry.command("organization.put", "late:1", name(number), id=f"late-{number}")
                assert tansu.child.pid is not None
                os.kill(tansu.child.pid, signal.SIGSTOP)
                try:
                    assert await service.stop() == 1, service.last_lines()
                finally:
                    os.kill(tansu.child.pid, signal.SIGCONT)
                assert await asking != 200
            assert "not drained within 1 seconds" in service.last_lines(1)
            service.start()
            for number in range(40):
                outcomes = await registry.outcomes_when(f"late-{number}", 1)
                assert len({outcome.value for outcome in outcomes}) == 1
            # Messages that were sent but not deleted are published twice, with the same id.
            assert await registry.versions("late:1", 40) == [str(version) for version in range(1, 41)]
            assert registry.dead_letters == []


@asynccontextmanager
async def _session(url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    session = await asyncpg.connect(url)
    try:
        yield session
    finally:
        await session.close()


async def _waiting(url: str) -> bool:
    """Return whether a session of this database waits for a lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with _session(url) as session:
        return bool(await session.fetchval(query))
