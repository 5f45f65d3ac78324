"""No path, filter, header or token causes an internal error."""

import asyncio
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.http.app import OPERATIONS
from service.http.operation import Operation
from service.store.filter import FIELDS, OPERATORS
from tests.integration.http.registry_client import RegistryClient, open_registry

INJECTIONS = [
    "'; DROP TABLE producer_code; --", "1 OR 1=1", "code DESC; SELECT pg_sleep(9)", "$1", "%s", "{0}", "/*filter*/",
    "/*bound*/ 32", "\\", "\\0", "\0", "\r\nX: y", "../../etc/passwd", "NULL", "''", '"', "𐀀", "\ud800", "a" * 5000,
]  # fmt: skip
TEXT = st.one_of(
    st.sampled_from(INJECTIONS),
    st.text(st.characters(categories=["L", "N", "P", "S", "Z", "C", "Cs"])),
    st.binary(max_size=20).map(lambda raw: raw.decode("latin-1")),
)
NAMES = st.sampled_from(["filter", "sort", "fields", "pageSize", "pageOffset", "includeTotal", "use", "type", "cursor"])
HEADERS = st.sampled_from(["If-None-Match", "Accept", "X-Request-Id", "Content-Length", "Prefer"])
FILTERS = st.tuples(st.sampled_from(sorted(FIELDS)), st.sampled_from(sorted(OPERATORS)), TEXT).map(
    lambda parts: f"{parts[0]}:{parts[1]}:{parts[2].replace(':', '::')}"
)
REQUIRED = {"/commands": {"source": "/crm", "id": "crm-1"}}
PAIRS = st.lists(st.tuples(NAMES, TEXT) | st.tuples(st.just("filter"), FILTERS) | st.tuples(TEXT, TEXT), max_size=4)


def _raw(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(OPERATIONS), st.data())
async def test_no_path_or_query_causes_an_internal_error(
    seeded_registry: RegistryClient, operation: Operation, data: st.DataObject
) -> None:
    path = "/".join(
        _raw(data.draw(TEXT)) if part.startswith("{") and data.draw(st.booleans()) else part.strip("{}")
        for part in operation.path.split("/")
    )
    query = "&".join(f"{_raw(name)}={_raw(text)}" for name, text in data.draw(PAIRS))
    answer = await seeded_registry.get(f"{path}?{query}" if query else path)
    assert answer.status_code in {200, 400, 404, 414}, answer.text
    assert (answer.status_code == 200) == (answer.headers["content-type"] == "application/json")


@settings(max_examples=100, deadline=None)
@given(HEADERS, st.text(st.characters(max_codepoint=0xFF, exclude_characters="\r\n\0")))
async def test_no_header_causes_an_internal_error(seeded_registry: RegistryClient, name: str, text: str) -> None:
    answer = await seeded_registry.get("/groups", headers={name: text.strip()})
    assert answer.status_code in {200, 304, 413}


@settings(max_examples=100, deadline=None)
@given(TEXT.filter(lambda text: "\ud800" not in text and len(text) < 3000), st.lists(TEXT, max_size=3) | TEXT)
async def test_no_claim_causes_an_internal_error(
    seeded_registry: RegistryClient, subject: str, organizations: object
) -> None:
    for path in ("/account/v1/producer-codes", "/groups", "/admin/v1/producer-codes?includeTotal=true"):
        answer = await seeded_registry.get(path, sub=subject, organizations=organizations)
        assert answer.status_code in {200, 401}, answer.text


async def test_no_hostile_request_has_changed_data(seeded_registry: RegistryClient) -> None:
    assert (await seeded_registry.body("/admin/v1/producer-codes?includeTotal=true"))["total"] == 7


@pytest.mark.parametrize("path", [operation.path for operation in OPERATIONS])
async def test_response_is_503_when_the_database_is_unavailable(path: str) -> None:
    async with open_registry("postgresql://registry:secret@127.0.0.1:1/registry") as one:
        answer = await one.get(path.replace("{", "").replace("}", ""), params=REQUIRED.get(path))
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text
    assert "127.0.0.1" not in answer.text


async def test_requests_beyond_the_pool_size_get_200_or_503(seeded_registry: RegistryClient) -> None:
    async with open_registry(seeded_registry.database_url, database_pool_size=2, max_concurrent_requests=20) as one:
        answers = await asyncio.gather(*(one.get("/account/v1/producer-codes", sub="ben") for _ in range(100)))
    found = {answer.status_code for answer in answers}
    assert found <= {200, 503}
    assert 200 in found
    assert all("retry-after" in answer.headers for answer in answers if answer.status_code == 503)
