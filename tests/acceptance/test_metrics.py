"""The metrics of a running process about tables that must not grow."""

import asyncpg

from service.contract.message import SHARDS
from service.store.lock import SHARD_CLASS
from tests.support.measured import measured
from tests.support.process import Service
from tests.support.registry import Registry
from tests.support.wait import eventually


async def counted(service: Service, rows: int) -> None:
    """Wait until /metrics reports this many rows of the outbox, which are counted every ten seconds."""

    async def reported() -> bool:
        return await measured(service.admin_port, "producer_registry_outbox_messages") == rows

    await eventually(reported, deadline=60, what=f"{rows} rows on /metrics")


async def test_messages_that_wait_are_counted_until_they_are_published(registry: Registry, database_url: str) -> None:
    hung = await asyncpg.connect(database_url)
    try:
        # Another session has the locks of all shards, like a relay that hangs, so nothing is published.
        await hung.execute("SELECT pg_advisory_lock($1, n) FROM generate_series(0, $2) AS n", SHARD_CLASS, SHARDS - 1)
        service = await registry.started()
        for number in range(5):
            await registry.command("organization.put", f"waits:{number}", {"displayName": "Waits"}, id=f"w{number}")
        # An event, an outcome and a state record each.
        await counted(service, 15)
        assert registry.out == []
    finally:
        await hung.close()

    await registry.events_when("waits:4", 1)
    await counted(service, 0)
