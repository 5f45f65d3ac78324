"""Behind a proxy that removes a prefix from the path: every link of every response leads to a resource."""

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.integration.http import seeds
from tests.integration.http.registry_client import RegistryClient, open_registry, token_headers

PREFIX = "/insurer/registry"
STARTS = (
    "/account/v1/producer-codes?pageSize=1",
    "/admin/v1/producer-codes?pageSize=1&includeTotal=true",
    "/admin/v1/organizations/pc:4/producer-codes",
    "/admin/v1/users/pc:305/producer-codes",
    "/admin/v1/groups/pc:669/producer-codes",
    "/groups?limit=1",
    "/producers?limit=1",
)


class Proxy:
    """Removes the prefix from paths, and states it in a header unless the service is configured with it."""

    def __init__(self, app: ASGIApp, *, header: bool) -> None:
        self._app = app
        self._header = [(b"x-forwarded-prefix", PREFIX.encode())] if header else []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["path"].startswith(PREFIX), scope["path"]
        path, raw = scope["path"].removeprefix(PREFIX), scope["raw_path"].removeprefix(PREFIX.encode())
        headers = [*scope["headers"], *self._header]
        await self._app({**scope, "path": path, "raw_path": raw, "headers": headers}, receive, send)


def behind(registry: RegistryClient, *, header: bool, address: str = "10.1.2.3") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(Proxy(registry.app, header=header), client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://gateway.example")


def links_of(answer: httpx.Response) -> Iterator[str]:
    """The targets of all links in the body and the headers of a response."""

    def walk(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            for name, value in node.items():
                if name in {"href", "uri", "instance"}:
                    yield value
                yield from walk(value)
        elif isinstance(node, list):
            for item in node:
                yield from walk(item)

    yield from walk(answer.json())
    for link in answer.headers.get_list("link"):
        yield re.fullmatch('<(.+)>; rel="next"', link)[1]  # type: ignore[index]  # fails when it is no such link


@pytest.fixture(params=["setting", "header"])
async def proxied(request: pytest.FixtureRequest, seeded_registry: RegistryClient) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the service behind the proxy, with each way to tell the prefix."""
    configured: dict[str, Any] = {"trusted_proxies": "10.0.0.0/8"}
    if request.param == "setting":
        configured = {"api_base_path": PREFIX}
    async with (
        open_registry(seeded_registry.database_url, **configured) as registry,
        behind(registry, header=request.param == "header") as client,
    ):
        yield client


async def test_every_link_leads_to_a_resource(proxied: httpx.AsyncClient) -> None:
    pending = [PREFIX + start for start in STARTS]
    seen: set[str] = set()
    while pending:
        path = pending.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = await proxied.get(path, headers=token_headers())
        assert answer.status_code == 200, (path, answer.text)
        pending += links_of(answer)
    assert len(seen) > len(STARTS) + 10
    assert all(path.startswith(f"{PREFIX}/") for path in seen)


async def test_problems_and_documents_have_the_prefix(proxied: httpx.AsyncClient) -> None:
    missing = await proxied.get(f"{PREFIX}/groups/none", headers=token_headers())
    assert (missing.status_code, missing.json()["instance"]) == (404, f"{PREFIX}/groups/none")
    document = (await proxied.get(f"{PREFIX}/openapi.json")).json()
    assert [server["url"] for server in document["servers"]] == [PREFIX]
    examples = [
        operation["get"]["responses"]["200"]["content"]["application/json"]["example"]
        for operation in document["paths"].values()
    ]
    assert f'"href": "{PREFIX}/' in str(examples).replace("'", '"')


async def test_the_header_of_an_untrusted_address_is_ignored(seeded_registry: RegistryClient) -> None:
    async with (
        open_registry(seeded_registry.database_url, trusted_proxies="10.0.0.0/8, ::1") as registry,
        behind(registry, header=True, address="192.0.2.1") as stranger,
        behind(registry, header=True, address="::1") as local,
    ):
        path = f"{PREFIX}/groups/none"
        assert (await stranger.get(path, headers=token_headers())).json()["instance"] == "/groups/none"
        assert (await local.get(path, headers=token_headers())).json()["instance"] == path


@pytest.mark.parametrize(
    ("given", "prefix"),
    [
        ("/a/", "/a"),
        ("/outer, /inner", "/outer/inner"),
        ("/", ""),
        ("//evil.example", ""),
        ("/a b", ""),
        ('/a"', ""),
        ("a", ""),
        ("/" + "a" * 256, ""),
    ],
)
async def test_a_prefix_is_a_path_of_unreserved_characters(
    seeded_registry: RegistryClient, given: str, prefix: str
) -> None:
    async with open_registry(seeded_registry.database_url, trusted_proxies="10.1.2.3") as registry:
        transport = httpx.ASGITransport(registry.app, client=("10.1.2.3", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway.example") as client:
            answer = await client.get("/nowhere", headers={"X-Forwarded-Prefix": given})
    assert answer.json()["instance"] == f"{prefix}/nowhere"


async def test_text_that_looks_like_a_link_is_not_changed(seeded_registry: RegistryClient) -> None:
    """The description of a code may contain the bytes of a link."""
    text = '"href":"/admin/v1/x","uri":"/y"'
    before = seeds.WORLD
    after = before.copy()
    code = next(iter(after.codes.values()))
    after.codes[code.id] = replace(code, description=text, version=code.version + 1)
    async with (
        seeded_registry.changed(after, before),
        open_registry(seeded_registry.database_url, api_base_path=PREFIX) as registry,
        behind(registry, header=False) as client,
    ):
        answer = await client.get(f"{PREFIX}/admin/v1/producer-codes/{code.id}", headers=token_headers())
    assert answer.json()["data"]["attributes"]["description"] == text
