"""Readiness after a batch that could not be decided: it returns when no record of the batch is undecided."""

import asyncio
from urllib.parse import urlsplit

import asyncpg

from tests.support import privilege
from tests.support.measured import measured
from tests.support.proxy import HOST, Proxy, commits
from tests.support.registry import Registry
from tests.support.wait import eventually
from tests.support.watch import part

NAME = {"displayName": "Organization"}


async def test_a_command_is_decided_and_readiness_comes_back_when_a_missing_privilege_is_given(
    registry: Registry, database_url: str
) -> None:
    async with privilege.less(database_url, "INSERT ON inbox") as url:
        service = await registry.started(database_url=url)
        await registry.command("organization.put", "privilege:1", NAME, id="p1")

        async def named() -> bool:
            return "permission denied for table inbox" in await part(service, "batches")

        await eventually(named, what="readiness that names the table")
        connection = await asyncpg.connect(database_url)
        await connection.execute(f"GRANT INSERT ON inbox TO {urlsplit(url).username}")
        await connection.close()
        await registry.outcome("p1")
        await registry.ready(service)
        assert await part(service, "batches") == "ready"
        assert await service.stop() == 0, service.last_lines()


async def test_readiness_comes_back_without_another_command_when_the_answer_to_a_commit_was_lost(
    registry: Registry, database_url: str
) -> None:
    parts = urlsplit(database_url)
    proxy = Proxy(lambda: (parts.hostname or HOST, parts.port or 5432))
    await proxy.start()
    try:
        user = parts.netloc.rpartition("@")[0]
        service = await registry.started(database_url=parts._replace(netloc=f"{user}@{HOST}:{proxy.port}").geturl())
        trap = proxy.trap(commits, after=True)
        await registry.command("organization.put", "commit:1", NAME, id="c1")
        await asyncio.wait_for(trap.triggered.wait(), 30)

        async def failed() -> bool:
            return await measured(service.admin_port, "producer_registry_trouble_total", kind="unavailable") >= 1

        await eventually(failed, what="a failed batch")
        await registry.ready(service)
        assert await part(service, "batches") == "ready"
        assert len(registry.outcomes("c1")) <= 1
    finally:
        await proxy.stop()
