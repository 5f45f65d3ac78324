"""Chromium, and the application on a database with the seed data, directly and behind a proxy that strips a prefix."""

import shutil
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, async_playwright
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.browser.docs_page import DocsPage
from tests.integration.http import seeds
from tests.integration.http.registry_client import open_registry
from tests.support import database
from tests.support.served import served

PREFIX = "/gateway/registry"


class StrippingProxy:
    """A proxy that serves an application below PREFIX, and nothing else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward a request without the prefix."""
        path: str = scope["path"]
        if not path.startswith(f"{PREFIX}/"):
            await PlainTextResponse("outside of the prefix", 404)(scope, receive, send)
            return
        raw = scope["raw_path"].removeprefix(PREFIX.encode())
        await self._app({**scope, "path": path.removeprefix(PREFIX), "raw_path": raw}, receive, send)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium without a window."""
    found = shutil.which("chromium")
    assert found, "These tests require the program chromium."
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=found)
        yield chromium
        await chromium.close()


@pytest.fixture(scope="session")
async def app(postgres_url: str, database_template: str) -> AsyncIterator[ASGIApp]:
    """The application on a database with the seed data."""
    async with (
        database.made_database(postgres_url, database_template) as name,
        open_registry(database.url_of(postgres_url, name)) as one,
    ):
        await one.save(seeds.WORLD)
        yield one.app


@pytest.fixture(scope="session")
async def url(app: ASGIApp) -> AsyncIterator[str]:
    """The URL of the application."""
    async with served(app) as address:
        yield address


@pytest.fixture(scope="session")
async def proxied_url(app: ASGIApp) -> AsyncIterator[str]:
    """The URL of the application behind a proxy that strips a prefix."""
    async with served(StrippingProxy(app)) as address:
        yield address + PREFIX


@pytest.fixture(params=[1200, 800, 420])
async def docs(request: Any, browser: Browser, url: str) -> AsyncIterator[DocsPage]:
    """The page, opened in a window of each width."""
    async with DocsPage.opened(browser, url, request.param) as page:
        yield page
        assert page.troubles == []


@pytest.fixture
async def proxied_docs(browser: Browser, proxied_url: str) -> AsyncIterator[DocsPage]:
    """The page behind the proxy."""
    async with DocsPage.opened(browser, proxied_url, 1200) as page:
        yield page
        assert page.troubles == []
