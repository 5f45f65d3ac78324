"""A server that only reads, such as a standby that was not promoted: readiness names it until writes succeed."""

import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from service.settings import Settings
from service.stack.postgres import Postgres
from service.store.migrate import migrate
from tests.support.ladder import running
from tests.support.proxy import HOST, Proxy
from tests.support.registry import Registry
from tests.support.wait import eventually
from tests.support.watch import reported, watch

WINDOW_SECONDS = 12.0
NAME = {"displayName": "Organization"}


def standby_of(original: Path, folder: Path) -> Postgres:
    """Return a copy of a stopped server that only reads: it waits for more of the log."""
    subprocess.run(["cp", "-a", str(original), str(folder)], check=True)
    signal = folder / "data" / "standby.signal"
    signal.touch()
    owner = (folder / "data").stat()
    os.chown(signal, owner.st_uid, owner.st_gid)
    return Postgres(folder)


@pytest.fixture
async def servers(tmp_path: Path) -> AsyncIterator[tuple[Postgres, Postgres]]:
    """A server with all migrations, and a standby."""
    primary = Postgres(tmp_path / "primary")
    async with running(primary):
        await migrate(Settings(database_url=primary.address))
    standby = standby_of(primary.folder, tmp_path / "standby")
    async with running(primary), running(standby):
        yield primary, standby


async def test_a_server_that_only_reads_is_named_until_writes_succeed(
    registry: Registry, servers: tuple[Postgres, Postgres]
) -> None:
    primary, standby = servers
    server = primary
    proxy = Proxy(lambda: (HOST, server.child.port))
    await proxy.start()
    parts = urlsplit(primary.address)
    user = parts.netloc.rpartition("@")[0]
    try:
        service = await registry.started(database_url=parts._replace(netloc=f"{user}@{HOST}:{proxy.port}").geturl())
        server = standby
        proxy.cut()
        await registry.command("organization.put", "while:1", NAME, id="while")

        async def named() -> bool:
            status, parts = await reported(service)
            return status == 503 and "the server is read-only" in parts["batches"]

        await eventually(named, what="readiness that names the cause")
        watched = await watch(service, WINDOW_SECONDS)
        assert {status for status, _ in watched.reported} == {503}, watched.reported
        assert all(times == 1 for times in watched.lost().values()), watched.reported
        server = primary
        proxy.cut()
        await registry.ready(service)
        await registry.outcome("while")
        assert await service.stop() == 0, service.last_lines()
    finally:
        await proxy.stop()
