"""The page `/docs` in Chromium at three window widths: complete, readable, usable, and without resources of others."""

import asyncio
import json
import os

import pytest
from playwright.async_api import Browser, expect

from service.http.app import OPERATIONS
from tests.browser.docs_page import DocsPage
from tests.integration.http import seeds
from tests.integration.http.registry_client import READ, TRUSTED

PATHS = [path for operation in OPERATIONS for path in (operation.path, *operation.aliases)]
PARAMETERS = {
    path: [one.name for one in operation.parameters]
    for operation in OPERATIONS
    for path in (operation.path, *operation.aliases)
}
CODES, CODE = "/admin/v1/producer-codes", "/admin/v1/producer-codes/{producerCodeId}"
USABLE = 120

expect.set_options(timeout=30_000)


async def test_all_operations_are_listed(docs: DocsPage) -> None:
    assert sorted(await docs.paths()) == sorted(PATHS)
    assert not await docs.is_wider_than_window()


async def test_each_operation_has_its_parameters_schema_and_curl_sample(docs: DocsPage) -> None:
    for path in PATHS:
        box = await docs.open(path)
        widths = await docs.input_widths(box)
        assert set(widths) == {*PARAMETERS[path], *(part[1:-1] for part in path.split("/") if part.startswith("{"))}
        assert all(each and min(each) >= USABLE for each in widths.values()), (path, widths)
        await expect(box.locator('[data-code="200"] .json-schema-2020-12').first).to_be_visible()
        assert path.partition("{")[0] in await box.locator(".curl-sample").inner_text()
        assert await docs.sticking_out(box) == [], path
        await docs.close(box)
    assert not await docs.is_wider_than_window()


async def test_descriptions_are_rendered(docs: DocsPage) -> None:
    box = await docs.open(CODES)
    await expect(docs.page.locator(".info code", has_text="If-None-Match")).to_be_visible()
    parameter = box.locator('[data-param-name="filter"]')
    await expect(parameter.locator("code", has_text="field:operator:value")).to_be_visible()
    await expect(parameter.locator("li", has_text="appointmentDate")).to_be_visible()
    # The first one is that of a number.
    await box.locator('[data-code="200"]').get_by_role("button", name="Expand all").nth(1).click()
    await expect(box.locator('[data-code="200"] code', has_text="fields").first).to_be_visible()
    assert await docs.sticking_out(box) == []
    assert "`" not in await docs.page.locator("body").inner_text()


async def test_lists_of_values_have_usable_inputs(docs: DocsPage) -> None:
    box = await docs.open(CODES)
    parameter = box.locator('[data-param-name="filter"]')
    await parameter.get_by_role("button", name="Add").click()
    await expect(parameter.locator("input")).to_have_value("producerStatus:eq:Active")
    await parameter.locator("input").fill("code:sw:301")
    assert min((await docs.input_widths(box))["filter"]) >= USABLE
    await expect(box.locator(".curl-sample")).to_contain_text("filter=code%3Asw%3A301")
    assert await docs.sticking_out(box) == []


async def test_request_is_sent_with_the_token(docs: DocsPage) -> None:
    await docs.authorize(TRUSTED.token(sub=seeds.ANN, scope=READ))
    await _send_request_for_a_code(docs)
    assert not await docs.is_wider_than_window()


async def test_requests_stay_below_the_prefix_of_a_proxy(proxied_docs: DocsPage) -> None:
    await proxied_docs.authorize(TRUSTED.token(sub=seeds.ANN, scope=READ))
    await _send_request_for_a_code(proxied_docs)
    assert f"{proxied_docs.url}/admin/v1/producer-codes/pc%3A16" in proxied_docs.requested
    for link in await proxied_docs.page.locator("nav a").all():
        address = await link.evaluate("node => node.href")
        answer = await proxied_docs.page.request.get(address)
        assert (address.startswith(proxied_docs.url), answer.status) == (True, 200), address


@pytest.mark.parametrize("docs", [1200], indirect=True)
async def test_curl_sample_sends_the_entered_values(docs: DocsPage) -> None:
    box = await docs.open(CODE)
    await box.locator('[data-param-name="producerCodeId"] input').fill("it's $HOME & `more`")
    sample = box.locator(".curl-sample")
    await expect(sample).to_contain_text("it%27s%20%24HOME")
    answer = json.loads(await _run(await sample.inner_text()))
    assert (answer["status"], answer["instance"]) == (404, "/admin/v1/producer-codes/it's%20$HOME%20&%20%60more%60")


@pytest.mark.parametrize("docs", [1200], indirect=True)
async def test_optional_parameters_are_sent_only_when_they_are_entered(docs: DocsPage) -> None:
    box = await docs.open(CODES)
    sample = await box.locator(".curl-sample").inner_text()
    assert not {"filter", "fields", "sort"} & {part.partition("=")[0] for part in sample.partition("?")[2].split("&")}
    await expect(box.locator('[data-param-name="sort"]')).to_contain_text("Example: code, -appointmentDate")


async def test_page_says_why_it_is_empty(browser: Browser, url: str) -> None:
    page = await browser.new_page()
    await page.route("**/openapi.json", lambda route: route.fulfill(status=503))
    await page.goto(f"{url}/docs")
    await expect(page.locator("main")).to_contain_text("openapi.json: 503")
    await page.close()


async def _send_request_for_a_code(docs: DocsPage) -> None:
    """Send a request for one code, and compare the answer in the page with that of the curl sample."""
    box = await docs.open(CODE)
    await box.locator('[data-param-name="producerCodeId"] input').fill("pc:16")
    await box.locator(".execute").click()
    live = box.locator(".live-responses-table")
    await expect(live.locator(".response-col_status").last).to_have_text("200")
    shown = json.loads(await live.locator(".highlight-code code").inner_text())
    assert shown["data"]["attributes"]["code"] == "301-008578"
    assert shown == json.loads(await _run(await box.locator(".curl-sample").inner_text()))
    assert TRUSTED.token()[:12] not in await box.inner_text()
    assert await docs.sticking_out(box) == []


async def _run(command: str) -> bytes:
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", f"{command} --silent --show-error"),
        env={**os.environ, "TOKEN": TRUSTED.token(sub=seeds.ANN, scope=READ)},
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, command
    return output
