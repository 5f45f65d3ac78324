"""A broker that is stopped or killed under load and restarted: the service continues and loses nothing."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from service.stack.apache.cluster import Apache
from tests.support.ladder import running
from tests.support.registry import Registry, registry_settings
from tests.support.wait import eventually

COUNT = 60


@pytest.fixture(scope="module")
async def kafka() -> AsyncIterator[Apache]:
    """A broker for these tests only."""
    kafka = Apache()
    async with running(kafka):
        yield kafka


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_the_service_continues_when_the_broker_is_restarted(
    kafka: Apache, number: signal.Signals, database_url: str, tmp_path: Path, topic_prefix: str
) -> None:
    settings = registry_settings(database_url, kafka.address, topic_prefix, tmp_path, idempotent=True)
    async with Registry(settings, tmp_path).open() as registry:
        service = await registry.started()
        await registry.accepted("organization.put", "back:1", {"displayName": "first"}, id="first")
        sending = asyncio.create_task(_send(registry))
        await eventually(lambda: registry.outcomes("c5"), what="some outcomes")
        await kafka.nodes[0].stop(number, seconds=20)
        await kafka.start()
        await sending
        for turn in range(COUNT):
            outcomes = await registry.outcomes_when(f"c{turn}", 1, deadline=90)
            assert len({outcome.value for outcome in outcomes}) == 1
        versions = await registry.versions("back:1", COUNT + 1)
        assert versions == [str(version) for version in range(1, COUNT + 2)]
        await registry.ready(service)
        assert await service.stop() == 0, service.last_lines()


async def _send(registry: Registry) -> None:
    for turn in range(COUNT):
        await registry.command("organization.put", "back:1", {"displayName": f"N{turn}"}, id=f"c{turn}")
        await asyncio.sleep(0)
