"""The page `/docs` in a browser, with everything that went wrong in it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, ConsoleMessage, Locator, Page, Request, Response

# Elements that stick out of the box of their operation, also in parts that scroll.
STICKING_OUT = """box => {
  const edge = box.getBoundingClientRect().right + 1;
  const sticksOut = node => node.getBoundingClientRect().right > edge;
  return [...box.querySelectorAll("*")].filter(sticksOut).map(node => node.outerHTML.slice(0, 120));
}"""

# For each parameter the widths of its inputs, or of the button that adds one.
WIDTHS = """box => Object.fromEntries([...box.querySelectorAll("[data-param-name]")].map(row => [
  row.dataset.paramName,
  [...row.querySelectorAll("input, select, .json-schema-form-item-add")].map(node => node.offsetWidth),
]))"""


class DocsPage:
    """The page at `url`; `troubles` are messages in the console, exceptions, failures and requests elsewhere."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.troubles: list[str] = []
        self.requested: list[str] = []
        page.on("console", self._logged)
        page.on("pageerror", lambda error: self.troubles.append(f"exception: {error}"))
        page.on("request", self._requested)
        page.on("requestfailed", lambda request: self.troubles.append(f"failed: {request.url}"))
        page.on("response", self._answered)

    @classmethod
    @asynccontextmanager
    async def opened(cls, browser: Browser, url: str, width: int) -> AsyncIterator["DocsPage"]:
        """Open the page in a window of the width in pixels, and wait until it shows operations."""
        page = await browser.new_page(viewport={"width": width, "height": 900})
        one = cls(page, url)
        await page.goto(f"{url}/docs")
        await page.locator(".opblock").first.wait_for()
        yield one
        await page.close()

    async def paths(self) -> list[str]:
        """Return the paths of all operations that the page lists."""
        return [
            str(path).replace("\u200b", "")
            for path in await self.page.locator("[data-path]").evaluate_all(
                "nodes => nodes.map(node => node.dataset.path)"
            )
        ]

    async def open(self, path: str) -> Locator:
        """Open an operation and return its box; by the keyboard, because the page scrolls under the pointer."""
        box = self.page.locator(".opblock").filter(has=self.page.locator(f'[data-path="{path}"]'))
        await box.locator(".opblock-summary-control").press("Enter")
        await box.locator(".curl-sample").wait_for()
        await box.locator(".json-schema-2020-12").first.wait_for()
        return box

    @staticmethod
    async def close(box: Locator) -> None:
        """Close an operation."""
        await box.locator(".opblock-summary-control").press("Enter")
        await box.locator(".opblock-body").wait_for(state="detached")

    async def authorize(self, token: str) -> None:
        """Enter a token."""
        await self.page.locator(".btn.authorize").click()
        dialog = self.page.locator(".modal-ux")
        await dialog.get_by_role("textbox").fill(token)
        await dialog.locator("button[type=submit]").click()
        await dialog.locator(".btn-done").click()

    async def is_wider_than_window(self) -> bool:
        """Return whether the page has to be scrolled sideways."""
        result: bool = await self.page.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        )
        return result

    @staticmethod
    async def input_widths(box: Locator) -> dict[str, list[int]]:
        """Return the widths in pixels of the inputs of each parameter."""
        result: dict[str, list[int]] = await box.evaluate(WIDTHS)
        return result

    @staticmethod
    async def sticking_out(box: Locator) -> Any:
        """Return the elements that are wider than the box of their operation."""
        return await box.evaluate(STICKING_OUT)

    def _logged(self, message: ConsoleMessage) -> None:
        self.troubles.append(f"{message.type}: {message.text}")

    def _requested(self, request: Request) -> None:
        if request.url.startswith("data:"):
            return
        self.requested.append(request.url)
        if not request.url.startswith(f"{self.url}/"):
            self.troubles.append(f"request elsewhere: {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.troubles.append(f"{response.status}: {response.url}")
