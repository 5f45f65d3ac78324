"""The page `/docs`: assets with media type, policy and entity tag, and addresses that need no base path."""

import re
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from tests.support.issuer import Issuer
from tests.unit.http.api_client import api_client

TRUSTED = Issuer()
BASE = "https://gateway.example/registry"
ASSETS = {
    "/docs": "text/html; charset=utf-8",
    "/docs/docs.css": "text/css; charset=utf-8",
    "/docs/docs.js": "text/javascript; charset=utf-8",
    "/docs/swagger-ui.css": "text/css; charset=utf-8",
    "/docs/swagger-ui-bundle.js": "text/javascript; charset=utf-8",
}
OWN = [path for path in ASSETS if "swagger-ui" not in path]
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "connect-src": "'self'",
    "img-src": "data:",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "form-action": "'none'",
}


async def _get(path: str, **headers: str) -> httpx.Response:
    async with api_client(TRUSTED) as client:
        return await client.get(path, headers=headers)


@pytest.mark.parametrize(("path", "media_type"), ASSETS.items())
async def test_assets_are_served_with_media_type_and_policy(path: str, media_type: str) -> None:
    answer = await _get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert answer.headers["x-content-type-options"] == "nosniff"
    directives = answer.headers["content-security-policy"].split("; ")
    assert dict(directive.split(" ", 1) for directive in directives) == POLICY
    assert answer.content


@pytest.mark.parametrize("path", ASSETS)
async def test_browsers_keep_assets_and_ask_whether_they_changed(path: str) -> None:
    answer = await _get(path)
    assert answer.headers["cache-control"] == "no-cache"
    again = await _get(path, **{"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", OWN)
async def test_own_assets_name_no_other_site_and_no_absolute_path(path: str) -> None:
    text = (await _get(path)).text
    assert not re.search(r"(?:https?:)?//[a-z]", text.replace("// ", ""))
    assert not re.findall(r"""(?:href|src)="/|fetch\("/|url\(["']?/""", text)


async def test_every_address_of_the_page_is_served_below_any_base_path() -> None:
    addresses = re.findall(r'(?:href|src)="([^"]*)"', (await _get("/docs")).text)
    served = {_path(BASE + "/docs", address) for address in addresses if address != "data:,"}
    assert served >= {path for path in ASSETS if path != "/docs"}
    for path in served:
        assert (await _get(path)).status_code == 200, path


@pytest.mark.parametrize("asset", ["/docs/swagger-ui.css", "/docs/docs.css"])
async def test_style_sheets_load_nothing(asset: str) -> None:
    text = (await _get(asset)).text
    assert "@import" not in text
    assert {url[:5] for url in re.findall(r"""url\(["']?([^)"']*)""", text)} <= {"data:"}


def _path(document: str, reference: str) -> str:
    """Return the path that the service gets for a reference in a document behind the base path."""
    resolved = urljoin(document, reference)
    assert resolved.startswith(BASE + "/"), resolved
    return urlsplit(resolved).path.removeprefix("/registry")
