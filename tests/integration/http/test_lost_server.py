"""Account pages while the database is unavailable or does not respond."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

import pytest

from service.settings import Settings
from service.store import pool as store_pool
from service.store.caller_page import CallerPages
from service.store.code_page import Items, Page
from service.store.errors import StoreUnavailable
from service.store.pool import Pool, create_pool
from service.store.read_store import ReadStore
from tests.integration.http import seeds
from tests.integration.http.registry_client import RegistryClient
from tests.support.proxy import Proxy
from tests.support.wait import eventually


@dataclass(frozen=True, slots=True)
class ProxiedPages:
    """Pages of a database behind a proxy, on one connection."""

    pages: CallerPages
    pool: Pool
    proxy: Proxy

    async def page(self) -> Items | None:
        """Return Ann's default page."""
        return await self.pages.page(seeds.ANN, renewal=False, on=date(2026, 11, 22), visible=[], page=Page())


@pytest.fixture
async def proxied(seeded_registry: RegistryClient) -> AsyncIterator[ProxiedPages]:
    """Return pages after one request, so that documents are cached."""
    parts = urlsplit(seeded_registry.database_url)
    target = (parts.hostname or "127.0.0.1", parts.port or 5432)
    proxy = Proxy(lambda: target)
    await proxy.start()
    credentials = parts.netloc.rpartition("@")[0]
    url = parts._replace(
        netloc=f"{credentials}@127.0.0.1:{proxy.port}" if credentials else f"127.0.0.1:{proxy.port}"
    ).geturl()
    pool = await create_pool(Settings(database_url=url, database_pool_size=1), "test")
    try:
        proxied = ProxiedPages(CallerPages(pool), pool, proxy)
        await proxied.page()
        assert proxied.pages.kept
        yield proxied
    finally:
        pool.connections.terminate()
        await proxy.stop()


async def test_cached_documents_are_discarded_when_the_server_is_unavailable(proxied: ProxiedPages) -> None:
    before = await proxied.page()
    with proxied.proxy.away():
        with pytest.raises(StoreUnavailable):
            await proxied.page()
        assert not proxied.pages.kept
    assert await proxied.page() == before
    assert proxied.pages.kept


async def test_cached_documents_are_discarded_when_the_server_does_not_respond(proxied: ProxiedPages) -> None:
    with proxied.proxy.silent():
        request = asyncio.create_task(proxied.page())
        await eventually(lambda: proxied.pool.connections.get_idle_size() == 0, what="the statement")
        request.cancel()
        await eventually(
            lambda: not proxied.pages.kept and proxied.pool.connections.get_size() == 0, deadline=10, what="the release"
        )
    assert await proxied.page()


async def test_cached_documents_are_kept_when_the_server_ends_a_cancelled_statement(
    proxied: ProxiedPages, seeded_registry: RegistryClient
) -> None:
    # Otherwise callers that disconnect would make the requests of others slower.
    kept = proxied.pages.kept
    async with seeded_registry.locked("producer_code"):
        request = asyncio.create_task(proxied.page())
        await eventually(lambda: proxied.pool.connections.get_idle_size() == 0, what="the statement")
        request.cancel()
        await eventually(lambda: proxied.pool.connections.get_idle_size() == 1, what="the end of the statement")
    assert await proxied.page()
    assert proxied.pages.kept is kept


async def test_cancelled_read_is_not_delayed_and_keeps_its_connection_until_the_server_responds(
    proxied: ProxiedPages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_pool, "CANCEL_SECONDS", 600.0)
    with proxied.proxy.silent():
        request = asyncio.create_task(proxied.page())
        await eventually(lambda: proxied.pool.connections.get_idle_size() == 0, what="the statement")
        request.cancel()
        await asyncio.wait((request,))
        assert request.cancelled()
        next_request = asyncio.create_task(proxied.page())
        await asyncio.sleep(0)
        assert (proxied.pool.connections.get_size(), proxied.pool.connections.get_idle_size()) == (1, 0)
    assert await next_request


async def test_cached_documents_are_discarded_with_a_new_session(proxied: ProxiedPages) -> None:
    # As when another server takes over while no request is waiting: no statement fails.
    before = await proxied.page()
    kept = proxied.pages.kept
    assert proxied.pages.kept is kept, "the session is the same"
    proxied.proxy.cut()
    await eventually(lambda: proxied.pool.connections.get_size() == 0, what="the end of the session")
    role = await ReadStore(proxied.pool).role(seeds.PRODUCER)
    assert role is not None
    assert not proxied.pages.kept, "another read opened the new session"
    assert await proxied.page() == before
    assert proxied.pages.kept


async def test_cancelled_read_without_response_releases_its_connection(proxied: ProxiedPages) -> None:
    reader = ReadStore(proxied.pool)
    with proxied.proxy.silent():
        request = asyncio.create_task(reader.role("producer"))
        await eventually(lambda: proxied.pool.connections.get_idle_size() == 0, what="the statement")
        request.cancel()
        await eventually(lambda: proxied.pool.connections.get_size() == 0, deadline=10, what="the release")
    assert await reader.role("producer")
