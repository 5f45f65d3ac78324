"""What is exactly at a limit is answered, and one byte more is refused; a caller who may come again is told when."""

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from service.http.collection import MAX_SORTED_OFFSET
from service.http.filter_text import MAX_FILTERS
from service.http.middleware import MAX_HEADER_BYTES, MAX_QUERY_BYTES, RequestMiddleware
from service.http.problem import HttpProblem
from service.http.rate import RateLimit
from service.store.code_page import Items
from service.store.errors import StoreRace, StoreUnavailable
from tests.support.issuer import Issuer
from tests.unit.http.api_client import api_client

ACCOUNT = "/account/v1/producer-codes"
TRUSTED = Issuer()
LIMIT = 1024


async def _reading(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that reads the whole body, and answers how long it is."""
    length, more = 0, True
    while more:
        message = await receive()
        length += len(message.get("body", b""))
        more = message.get("more_body", False)
    await Response(str(length))(scope, receive, send)


def _client() -> httpx.AsyncClient:
    transport = httpx.ASGITransport(RequestMiddleware(_reading, max_body=LIMIT, timeout=5, direct={}))
    return httpx.AsyncClient(transport=transport, base_url="http://registry.example")


@pytest.mark.parametrize(("length", "status"), [(LIMIT, 200), (LIMIT + 1, 413)])
async def test_a_body_of_the_limit_is_read_when_its_length_is_declared(length: int, status: int) -> None:
    async with _client() as client:
        answer = await client.post("/", content=b"x" * length)
    assert answer.status_code == status
    assert status != 200 or answer.text == str(length)


@pytest.mark.parametrize(("length", "status"), [(LIMIT, 200), (LIMIT + 1, 413)])
async def test_a_body_of_the_limit_is_read_when_it_comes_in_chunks(length: int, status: int) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"x" * (LIMIT // 2)
        yield b"x" * (length - LIMIT // 2)

    async with _client() as client:
        answer = await client.post("/", content=chunks())
    assert answer.status_code == status
    assert status != 200 or answer.text == str(length)


@pytest.mark.parametrize(("more", "status"), [(0, 200), (1, 414)])
async def test_a_query_of_the_limit_is_answered(more: int, status: int) -> None:
    async with _client() as client:
        answer = await client.get(f"/?{'x' * (MAX_QUERY_BYTES + more)}")
    assert answer.status_code == status


@pytest.mark.parametrize(("more", "status"), [(0, 200), (1, 431)])
async def test_headers_of_the_limit_are_answered(more: int, status: int) -> None:
    async with _client() as client:
        request = client.build_request("GET", "/")
        used = sum(len(name) + len(value) for name, value in request.headers.raw) + len("x-long")
        request.headers["x-long"] = "x" * (MAX_HEADER_BYTES - used + more)
        answer = await client.send(request)
    assert answer.status_code == status


@pytest.mark.parametrize(("more", "status"), [(0, 200), (1, 400)])
async def test_as_many_filters_as_are_allowed_are_taken(more: int, status: int) -> None:
    query = "&".join(["filter=code:eq:1"] * (MAX_FILTERS + more))
    async with api_client(TRUSTED) as client:
        answer = await client.get(f"{ACCOUNT}?{query}", headers={"Authorization": f"Bearer {TRUSTED.token()}"})
    assert answer.status_code == status


async def test_the_page_at_the_limit_of_the_offset_links_to_an_error_and_is_not_shown_as_the_last_one() -> None:
    headers = {"Authorization": f"Bearer {TRUSTED.token()}"}
    async with api_client(TRUSTED, Items(b"[]", 0, more=True, total=None)) as client:
        last = await client.get(f"{ACCOUNT}?sort=description&pageOffset={MAX_SORTED_OFFSET}", headers=headers)
        following = await client.get(last.json()["links"]["next"]["href"], headers=headers)
        by_code = await client.get(f"{ACCOUNT}?sort=-code&pageOffset={MAX_SORTED_OFFSET}", headers=headers)
        after = await client.get(by_code.json()["links"]["next"]["href"], headers=headers)
    assert (last.status_code, following.status_code, by_code.status_code, after.status_code) == (200, 400, 200, 200)
    assert [(error["path"], error["code"]) for error in following.json()["errors"]] == [
        ("pageOffset", "invalid-parameter")
    ]


@pytest.mark.parametrize("error", [StoreUnavailable("away"), StoreRace("lost")])
async def test_the_caller_may_come_again_after_two_seconds_when_the_database_is_away(error: Exception) -> None:
    async def answer() -> Items:
        raise error

    async with api_client(TRUSTED, answer) as client:
        answered = await client.get(ACCOUNT, headers={"Authorization": f"Bearer {TRUSTED.token()}"})
    assert (answered.status_code, answered.headers.get("retry-after")) == (503, "2")


@pytest.mark.parametrize(
    ("per_second", "asked_at", "seconds"),
    [(0.25, 0.0, 4), (0.25, 1.0, 3), (0.25, 3.9, 1), (0.1, 0.5, 10), (20.0, 0.0, 1)],
)
def test_the_caller_may_come_again_as_soon_as_one_more_request_is_allowed(
    per_second: float, asked_at: float, seconds: int
) -> None:
    limit = RateLimit(per_second)
    for _ in range(max(1, round(per_second))):
        limit.count("caller", 0.0)
    with pytest.raises(HttpProblem) as refused:
        limit.count("caller", asked_at)
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": str(seconds)})
    limit.count("caller", asked_at + seconds)
