"""The lists `/` and `/schemas/`: complete, without a token, and with addresses that need no base path."""

from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from service.contract import schemas
from service.contract.schemas import documents, title
from tests.support.issuer import Issuer
from tests.unit.http.api_client import api_client

TRUSTED = Issuer()
BASE = "https://gateway.example/registry"


async def _get(path: str) -> httpx.Response:
    async with api_client(TRUSTED) as client:
        return await client.get(path)


async def test_root_lists_what_is_available() -> None:
    answer = await _get("/")
    assert answer.headers["content-type"] == "application/json"
    listed = answer.json()["documents"]
    assert [one["name"] for one in listed] == ["docs", "openapi", "asyncapi", "schemas"]
    for one in listed:
        assert one.keys() == {"name", "title", "href"}
        assert (await _get(_path(BASE + "/", one["href"]))).status_code == 200, one


async def test_all_schemas_are_listed() -> None:
    listed = (await _get("/schemas/")).json()["schemas"]
    expected = {name: document["description"] for name, document in documents().items()}
    assert {one["name"]: one["title"] for one in listed} == expected
    assert [one["name"] for one in listed] == sorted(expected)
    async with api_client(TRUSTED) as client:
        for one in listed:
            schema = await client.get(_path(BASE + "/schemas/", one["href"]))
            assert schema.json()["title"] == title(one["name"])
            assert one["revisions"][0]["id"] == schema.json()["$id"]
            assert [revision["current"] for revision in one["revisions"]] == [
                True,
                *[False] * (len(one["revisions"]) - 1),
            ]


@pytest.fixture
def earlier(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let two releases have another schema of `role.put`, and the second one the current ones of the others."""
    changed = {**documents(), "role.put": {"$id": "urn:producer-registry:schema:role.put:v1:0123456789ab"}}
    monkeypatch.setattr(schemas, "releases", lambda: ["0.9.0", "0.10.0"])
    monkeypatch.setattr(
        schemas, "released", {"0.9.0": {"role.put": changed["role.put"]}, "0.10.0": changed}.__getitem__
    )
    schemas.revisions.cache_clear()
    yield
    schemas.revisions.cache_clear()


@pytest.mark.usefixtures("earlier")
async def test_revisions_of_releases_are_listed_and_served() -> None:
    base = "https://gateway.example/registry/schemas/"
    async with api_client(TRUSTED, schema_base_uri=base) as client:
        listed = {one["name"]: one["revisions"] for one in (await client.get("/schemas/")).json()["schemas"]}
        assert [revision["releases"] for revision in listed["role.created"]] == [["0.10.0"]]
        assert [revision["releases"] for revision in listed["role.put"]] == [[], ["0.10.0", "0.9.0"]]
        assert listed["role.put"][1]["id"] == f"{base}role.put:v1:0123456789ab"
        for name, revisions in listed.items():
            for revision in revisions:
                path = _path(base, revision["href"])
                assert path == f"/schemas/{revision['id'].removeprefix(base)}"
                found = await client.get(path)
                assert (found.status_code, found.json()["$id"]) == (200, revision["id"]), name


@pytest.mark.parametrize(("path", "other"), [("/docs/", "/docs"), ("/schemas", "/schemas/")])
async def test_the_other_spelling_of_an_address_leads_to_it(path: str, other: str) -> None:
    answer = await _get(path)
    assert answer.status_code == 308
    assert _path(BASE + path, answer.headers["location"]) == other


@pytest.mark.parametrize("path", ["/", "/schemas/", "/docs", "/schemas"])
async def test_lists_are_read_only_and_have_no_parameters(path: str) -> None:
    async with api_client(TRUSTED) as client:
        assert (await client.head(path)).status_code == (await client.get(path)).status_code
        assert (await client.get(f"{path}?page=2")).status_code == 400
        refused = await client.post(path)
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")


def _path(document: str, reference: str) -> str:
    """Return the path that the service gets for a reference in a document behind the base path."""
    resolved = urljoin(document, reference)
    assert resolved.startswith(BASE + "/"), resolved
    return urlsplit(resolved).path.removeprefix("/registry")
