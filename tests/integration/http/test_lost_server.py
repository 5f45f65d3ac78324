"""What callers' pages do when the database goes away under them, or says nothing more."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

import pytest

from service.settings import Settings
from service.store.caller_page import CallerPages
from service.store.code_page import Items, Page
from service.store.errors import StoreUnavailable
from service.store.pool import Pool, create_pool
from service.store.read_store import ReadStore
from tests.integration.http import seeds
from tests.integration.http.asker import Asker
from tests.support.proxy import Proxy
from tests.support.wait import eventually


@dataclass(frozen=True, slots=True)
class Far:
    """Pages of a database behind a proxy, on one connection."""

    pages: CallerPages
    pool: Pool
    proxy: Proxy

    async def page(self) -> Items | None:
        """Ann's default page."""
        return await self.pages.page(seeds.ANN, renewal=False, on=date(2026, 11, 22), visible=[], page=Page())


@pytest.fixture
async def far(reported: Asker) -> AsyncIterator[Far]:
    """Pages that were asked once, so that documents are kept."""
    parts = urlsplit(reported.database_url)
    target = (parts.hostname or "127.0.0.1", parts.port or 5432)
    proxy = Proxy(lambda: target)
    await proxy.start()
    place = parts.netloc.rpartition("@")[0]
    url = parts._replace(netloc=f"{place}@127.0.0.1:{proxy.port}" if place else f"127.0.0.1:{proxy.port}").geturl()
    pool = await create_pool(Settings(database_url=url, database_pool_size=1), "test")
    try:
        far = Far(CallerPages(pool), pool, proxy)
        await far.page()
        assert far.pages.kept
        yield far
    finally:
        pool.terminate()
        await proxy.stop()


async def test_documents_do_not_outlive_the_server(far: Far) -> None:
    before = await far.page()
    with far.proxy.away():
        with pytest.raises(StoreUnavailable):
            await far.page()
        assert not far.pages.kept
    assert await far.page() == before
    assert far.pages.kept


async def test_documents_do_not_outlive_a_silence(far: Far) -> None:
    with far.proxy.silent():
        asking = asyncio.create_task(far.page())
        await eventually(lambda: far.pool.get_idle_size() == 0, what="the statement")
        asking.cancel()
        await eventually(lambda: not far.pages.kept and far.pool.get_size() == 0, deadline=10, what="letting go")
    assert await far.page()


async def test_a_question_given_up_in_a_silence_keeps_no_connection(far: Far) -> None:
    reader = ReadStore(far.pool)
    with far.proxy.silent():
        asking = asyncio.create_task(reader.role("producer"))
        await eventually(lambda: far.pool.get_idle_size() == 0, what="the statement")
        asking.cancel()
        await eventually(lambda: far.pool.get_size() == 0, deadline=10, what="letting go")
    assert await reader.role("producer")
