"""What surrounds every answer: ids, sizes, time, number of requests, and problems that tell no internals."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from service.http.middleware import MAX_HEADER_BYTES, MAX_QUERY_BYTES, RequestMiddleware
from service.store.code_page import Items
from service.store.errors import StoreDefect, StoreRace, StoreUnavailable
from tests.support.issuer import Issuer
from tests.support.wait import eventually
from tests.unit.http.front import EMPTY, front

ACCOUNT = "/account/v1/producer-codes"
TRUSTED = Issuer()


def _headers(**changes: object) -> dict[str, str]:
    return {"Authorization": f"Bearer {TRUSTED.token(**changes)}"}  # type: ignore[arg-type]  # claims of any type


async def test_answer_has_the_request_id_of_the_caller_or_one_of_its_own() -> None:
    async with front(TRUSTED) as client:
        given = await client.get(ACCOUNT, headers={**_headers(), "X-Request-Id": "order-17"})
        made = await client.get("/nowhere", headers={"X-Request-Id": "no spaces\tplease"})
        other = await client.get("/nowhere")
    assert given.headers["x-request-id"] == "order-17"
    assert made.headers["x-request-id"] not in {"", "no spaces\tplease", other.headers["x-request-id"]}
    assert given.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("path", "headers", "status", "code"),
    [
        (ACCOUNT, {"X-Long": "x" * MAX_HEADER_BYTES}, 431, "headers-too-large"),
        (f"{ACCOUNT}?filter={'x' * MAX_QUERY_BYTES}", {}, 414, "query-too-large"),
        (ACCOUNT, {"Content-Length": "2000"}, 413, "body-too-large"),
        (ACCOUNT, {"Content-Length": "9" * 30}, 413, "body-too-large"),
        ("/nowhere", {}, 404, "not-found"),
        (f"{ACCOUNT}/", {}, 404, "not-found"),
        ("/admin/v1/organizations/a%2Fb", {}, 404, "not-found"),
    ],
)
async def test_request_that_cannot_be_answered_is_reported_as_a_problem(
    path: str, headers: dict[str, str], status: int, code: str
) -> None:
    async with front(TRUSTED, max_body_bytes=1024) as client:
        answer = await client.get(path, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert body["errors"][0]["code"] == code
    assert set(body) == {"type", "title", "status", "detail", "instance", "errors"}


@pytest.mark.parametrize("path", ["/groups/a%00b", "/groups/..%2e", "/groups/%F0%9F%98%80", f"/groups/{'x' * 65}"])
async def test_id_that_nothing_can_have_is_not_found(path: str) -> None:
    async with front(TRUSTED) as client:
        assert (await client.get(path, headers=_headers(scope="admin:read"))).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("path", [ACCOUNT, "/groups", "/groups/pc:669", "/admin/v1/group/g/producer-codes", "/docs"])
async def test_method_that_there_is_not_is_405_with_those_there_are(method: str, path: str) -> None:
    async with front(TRUSTED) as client:
        answer = await client.request(method, path, headers=_headers())
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_head_is_get_without_the_body() -> None:
    async with front(TRUSTED) as client:
        head, get = [await client.request(method, ACCOUNT, headers=_headers()) for method in ("HEAD", "GET")]
    assert head.content == b""
    for name in ("etag", "content-length", "content-type"):
        assert head.headers[name] == get.headers[name]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (StoreUnavailable("SELECT secret"), 503),
        (StoreRace("SELECT secret"), 503),
        (StoreDefect("SELECT secret"), 500),
        (RuntimeError("secret"), 500),
    ],
)
async def test_trouble_shows_no_internals(error: Exception, status: int) -> None:
    async def answer() -> Items:
        raise error

    async with front(TRUSTED, answer) as client:
        problem = await client.get(ACCOUNT, headers=_headers())
    assert problem.status_code == status
    assert "secret" not in problem.text
    assert ("retry-after" in problem.headers) == (status == 503)


async def test_request_is_given_up_when_it_takes_too_long() -> None:
    async def answer() -> Items:
        await asyncio.Event().wait()
        return EMPTY

    async with front(TRUSTED, answer, request_timeout_seconds=0.05) as client:
        problem = await client.get(ACCOUNT, headers=_headers())
    assert (problem.status_code, problem.headers["retry-after"]) == (503, "1")


async def test_one_request_too_many_is_turned_away_at_once() -> None:
    inside, leave = 0, asyncio.Event()

    async def answer() -> Items:
        nonlocal inside
        inside += 1
        await leave.wait()
        return EMPTY

    async with front(TRUSTED, answer, max_concurrent_requests=3) as client:
        held = [asyncio.create_task(client.get(ACCOUNT, headers=_headers())) for _ in range(3)]
        await eventually(lambda: inside == 3, what="three requests inside")
        extra = await client.get(ACCOUNT, headers=_headers())
        leave.set()
        answered = await asyncio.gather(*held)
        after = await client.get(ACCOUNT, headers=_headers())
    assert (extra.status_code, extra.headers["retry-after"]) == (503, "1")
    assert [a.status_code for a in [*answered, after]] == [200] * 4


async def test_caller_who_asks_too_often_waits_and_others_do_not() -> None:
    async with front(TRUSTED, rate_limit_per_second=2) as client:
        statuses = [(await client.get(ACCOUNT, headers=_headers())).status_code for _ in range(3)]
        last: httpx.Response = await client.get(ACCOUNT, headers=_headers())
        other = await client.get(ACCOUNT, headers=_headers(sub="pc:305"))
    assert statuses[:2] == [200, 200]
    assert last.status_code == 429
    assert int(last.headers["retry-after"]) >= 1
    assert other.status_code == 200


async def test_nobody_waits_when_there_is_no_limit() -> None:
    async with front(TRUSTED) as client:
        assert {(await client.get(ACCOUNT, headers=_headers())).status_code for _ in range(50)} == {200}


async def test_disabled_user_is_refused() -> None:
    async with front(TRUSTED, None) as client:
        answer = await client.get(ACCOUNT, headers=_headers())
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "user-disabled")


@pytest.mark.parametrize("wanted", ["{}", "W/{}", '"other", {}', "*"])
async def test_caller_who_has_the_answer_gets_304(wanted: str) -> None:
    async with front(TRUSTED) as client:
        tag = (await client.get(ACCOUNT, headers=_headers())).headers["etag"]
        again = await client.get(ACCOUNT, headers={**_headers(), "If-None-Match": wanted.format(tag)})
        other = await client.get(ACCOUNT, headers={**_headers(), "If-None-Match": tag.replace('"0-', '"1-')})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert other.status_code == 200


async def test_body_is_cut_off_when_it_is_longer_than_it_said() -> None:
    async def reading(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        await Response(b"read")(scope, receive, send)

    async def chunks(count: int) -> AsyncIterator[bytes]:
        for _ in range(count):
            yield b"x" * 500

    transport = httpx.ASGITransport(RequestMiddleware(reading, max_body=1024, timeout=5, concurrency=5, direct={}))
    async with httpx.AsyncClient(transport=transport, base_url="http://registry.example") as client:
        short, long = [await client.post("/", content=chunks(count)) for count in (2, 3)]
    assert (short.status_code, short.content) == (200, b"read")
    assert (long.status_code, long.json()["errors"][0]["code"]) == (413, "body-too-large")


@pytest.mark.parametrize(
    "error", [MemoryError(), OSError("too many open files"), RuntimeError("can't start new thread")]
)
async def test_caller_may_come_again_when_the_process_ran_out_of_something(error: Exception) -> None:
    async def short(scope: Scope, receive: Receive, send: Send) -> None:
        raise error

    transport = httpx.ASGITransport(RequestMiddleware(short, max_body=1024, timeout=5, concurrency=5, direct={}))
    async with httpx.AsyncClient(transport=transport, base_url="http://registry.example") as client:
        answer = await client.get("/")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["errors"][0]["message"] == "The service is short of resources."


async def test_caller_may_come_again_when_the_server_gives_his_request_up() -> None:
    begun = asyncio.Event()
    sent: list[Message] = []

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        await asyncio.Event().wait()

    async def send(message: Message) -> None:
        sent.append(message)

    gate = RequestMiddleware(endless, max_body=1024, timeout=60, concurrency=5, direct={})
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
    request = asyncio.create_task(gate(scope, lambda: asyncio.Event().wait(), send))  # type: ignore[arg-type, return-value]
    async with asyncio.timeout(5):
        await begun.wait()
        request.cancel()
        await asyncio.wait((request,))
    assert request.cancelled()
    assert [message["status"] for message in sent if "status" in message] == [503]
