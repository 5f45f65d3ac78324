"""`dev` is ready when every partition has a leader that accepts requests."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from service.contract.topics import Topics
from service.stack.tansu import Tansu
from tests.support.dev import start_dev
from tests.support.ladder import running
from tests.support.leader_proxy import HOST, LeaderProxy
from tests.support.wait import eventually


@pytest.fixture
async def proxy() -> AsyncIterator[LeaderProxy]:
    """A broker behind a proxy."""
    tansu: Tansu
    proxy = LeaderProxy(lambda: (HOST, tansu.child.port))
    await proxy.start()
    tansu = Tansu(advertised=proxy.port)
    async with running(tansu):
        yield proxy
    await proxy.stop()


async def test_the_ready_line_comes_when_the_broker_accepts_to_be_the_leader(
    proxy: LeaderProxy, database_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    # A topic that nothing reads or writes at the start.
    proxy.denied = {Topics(topic_prefix).dead_letters}
    starting = asyncio.create_task(
        start_dev(
            tmp_path / "data",
            log=tmp_path / "log",
            database_url=database_url,
            kafka_bootstrap_servers=f"{HOST}:{proxy.port}",
            kafka_idempotent_producer=False,
            topic_prefix=topic_prefix,
            partitions=3,
        )
    )
    try:
        await eventually(lambda: proxy.denials > 2 or starting.done(), deadline=90, what="requests to the leader")
        assert not starting.done()
    finally:
        proxy.denied = set()
        dev = await starting
        await dev.stop()
