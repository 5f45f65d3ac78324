"""The middleware: request ids, size limits, timeout, and problems without internal details."""

import asyncio
from collections.abc import AsyncIterator
from itertools import product

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from structlog.testing import capture_logs

from service.http.middleware import MAX_HEADER_BYTES, MAX_QUERY_BYTES, METHODS, RequestMiddleware
from service.http.operation import BytesRoute
from service.store.code_page import Items
from service.store.errors import StoreDefect, StoreRace, StoreUnavailable
from service.telemetry import HTTP_IN_FLIGHT, HTTP_SECONDS
from tests.support.issuer import Issuer
from tests.unit.http.api_client import EMPTY, api_client

ACCOUNT = "/account/v1/producer-codes"
TRUSTED = Issuer()


def _headers(**changes: object) -> dict[str, str]:
    return {"Authorization": f"Bearer {TRUSTED.token(**changes)}"}  # type: ignore[arg-type]  # claims of any type


async def test_response_has_the_given_or_a_generated_request_id() -> None:
    async with api_client(TRUSTED) as client:
        given = await client.get(ACCOUNT, headers={**_headers(), "X-Request-Id": "order-17"})
        generated = await client.get("/nowhere", headers={"X-Request-Id": "no spaces\tplease"})
        other = await client.get("/nowhere")
    assert given.headers["x-request-id"] == "order-17"
    assert generated.headers["x-request-id"] not in {"", "no spaces\tplease", other.headers["x-request-id"]}
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
        ("/account%2Fv1%2fproducer-codes", {}, 404, "not-found"),
    ],
)
async def test_request_that_cannot_be_answered_is_reported_as_a_problem(
    path: str, headers: dict[str, str], status: int, code: str
) -> None:
    async with api_client(TRUSTED, max_body_bytes=1024) as client:
        answer = await client.get(path, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert body["errors"][0]["code"] == code
    assert set(body) == {"type", "title", "status", "detail", "instance", "errors"}


@pytest.mark.parametrize("path", ["/groups/a%00b", "/groups/..%2e", "/groups/%F0%9F%98%80", f"/groups/{'x' * 65}"])
async def test_malformed_id_is_not_found(path: str) -> None:
    async with api_client(TRUSTED) as client:
        assert (await client.get(path, headers=_headers(scope="admin:read"))).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("path", [ACCOUNT, "/groups", "/groups/pc:669", "/admin/v1/group/g/producer-codes", "/docs"])
async def test_unsupported_method_is_405_with_the_allowed_methods(method: str, path: str) -> None:
    async with api_client(TRUSTED) as client:
        answer = await client.request(method, path, headers=_headers())
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_series_of_metrics_do_not_grow_with_what_callers_send() -> None:
    """Without a token, each route has two series, and everything else two for each method that metrics name."""
    before = _series()
    async with api_client(TRUSTED) as client:
        for number, method in product(range(20), [*METHODS, "PROPFIND", f"M{len(before)}"]):
            for path in (ACCOUNT, "/groups", f"/groups/{number}", f"/nowhere/{number}"):
                await client.request(method, path)
    routes = {
        (method, route, "401") for method in ("GET", "HEAD") for route in (ACCOUNT, "/groups", "/groups/{groupId}")
    }
    others = {(method, "none", status) for method in [*METHODS, "other"] for status in ("404", "405")}
    others -= {("GET", "none", "405"), ("HEAD", "none", "405")}
    assert _series() - before <= routes | others <= _series()


def _series() -> set[tuple[str, str, str]]:
    """The values of the labels."""
    (metric,) = HTTP_SECONDS.collect()
    return {(sample.labels["method"], sample.labels["route"], sample.labels["status"]) for sample in metric.samples}


async def test_head_is_get_without_the_body() -> None:
    async with api_client(TRUSTED) as client:
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
async def test_errors_show_no_internal_details(error: Exception, status: int) -> None:
    async def answer() -> Items:
        raise error

    async with api_client(TRUSTED, answer) as client:
        problem = await client.get(ACCOUNT, headers=_headers())
    assert problem.status_code == status
    assert "secret" not in problem.text
    assert ("retry-after" in problem.headers) == (status == 503)


async def test_request_times_out() -> None:
    async def answer() -> Items:
        await asyncio.Event().wait()
        return EMPTY

    async with api_client(TRUSTED, answer, request_timeout_seconds=0.05) as client:
        problem = await client.get(ACCOUNT, headers=_headers())
    assert (problem.status_code, problem.headers["retry-after"]) == (503, "1")


async def test_rate_limit_applies_per_caller() -> None:
    async with api_client(TRUSTED, rate_limit_per_second=2) as client:
        statuses = [(await client.get(ACCOUNT, headers=_headers())).status_code for _ in range(3)]
        last: httpx.Response = await client.get(ACCOUNT, headers=_headers())
        other = await client.get(ACCOUNT, headers=_headers(sub="pc:305"))
    assert statuses[:2] == [200, 200]
    assert last.status_code == 429
    assert int(last.headers["retry-after"]) >= 1
    assert other.status_code == 200


async def test_rate_limit_is_off_by_default() -> None:
    async with api_client(TRUSTED) as client:
        assert {(await client.get(ACCOUNT, headers=_headers())).status_code for _ in range(50)} == {200}


async def test_disabled_user_is_refused() -> None:
    async with api_client(TRUSTED, None) as client:
        answer = await client.get(ACCOUNT, headers=_headers())
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "user-disabled")


@pytest.mark.parametrize("if_none_match", ["{}", "W/{}", '"other", {}', "*"])
async def test_matching_entity_tag_gets_304(if_none_match: str) -> None:
    async with api_client(TRUSTED) as client:
        tag = (await client.get(ACCOUNT, headers=_headers())).headers["etag"]
        again = await client.get(ACCOUNT, headers={**_headers(), "If-None-Match": if_none_match.format(tag)})
        other = await client.get(ACCOUNT, headers={**_headers(), "If-None-Match": tag.replace('"0-', '"1-')})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert other.status_code == 200


@pytest.mark.parametrize("tag", ['"0-{}-gzip"', 'W/"0-{}-gzip"', '"0-{}-br"', '"0-{};gzip"', '"0-{}--gzip"'])
async def test_a_tag_that_a_proxy_changed_matches(tag: str) -> None:
    async with api_client(TRUSTED) as client:
        sent = (await client.get(ACCOUNT, headers=_headers())).headers["etag"]
        changed = tag.format(sent.strip('"').removeprefix("0-"))
        again = await client.get(ACCOUNT, headers={**_headers(), "If-None-Match": f'"x", {changed}'})
        other = await client.get(ACCOUNT, headers={**_headers(), "If-None-Match": changed.replace("0-", "1-", 1)})
        same = await client.get(ACCOUNT, headers={**_headers(), "If-Match": changed})
    assert (again.status_code, again.headers["etag"], other.status_code) == (304, sent, 200)
    assert same.status_code == 200


async def test_another_tag_in_if_match_is_412() -> None:
    async with api_client(TRUSTED) as client:
        answer = await client.get(ACCOUNT, headers={**_headers(), "If-Match": '"0-0000000000000000"'})
        whatever = await client.get(ACCOUNT, headers={**_headers(), "If-Match": "*"})
    assert (answer.status_code, answer.json()["errors"][0]["path"], whatever.status_code) == (412, "If-Match", 200)
    assert answer.headers["etag"] == whatever.headers["etag"]


@pytest.mark.parametrize(("method", "status"), [("GET", 404), ("POST", 201)])
async def test_a_request_with_a_direct_method_and_path_bypasses_the_application(method: str, status: int) -> None:
    async def create(request: Request) -> Response:
        return Response(await request.body(), 201, {"Path": request.scope["route"].path})

    route = BytesRoute("/codes", create, methods=["POST"])
    application = Response("nothing", 404)
    middleware = RequestMiddleware(application, max_body=1024, timeout=5, direct={("POST", "/codes"): route})
    transport = httpx.ASGITransport(middleware)
    async with httpx.AsyncClient(transport=transport, base_url="http://registry.example") as client:
        answer = await client.request(method, "/codes", content=b"code")
        other = await client.request(method, "/codes/one", content=b"code")
    assert (answer.status_code, other.status_code) == (status, 404)
    if status == 201:
        assert (answer.content, answer.headers["path"]) == (b"code", "/codes")


async def test_streamed_body_above_the_limit_is_413() -> None:
    async def reading(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        await Response(b"read")(scope, receive, send)

    async def chunks(count: int) -> AsyncIterator[bytes]:
        for _ in range(count):
            yield b"x" * 500

    transport = httpx.ASGITransport(RequestMiddleware(reading, max_body=1024, timeout=5, direct={}))
    async with httpx.AsyncClient(transport=transport, base_url="http://registry.example") as client:
        short, long = [await client.post("/", content=chunks(count)) for count in (2, 3)]
    assert (short.status_code, short.content) == (200, b"read")
    assert (long.status_code, long.json()["errors"][0]["code"]) == (413, "body-too-large")


@pytest.mark.parametrize(
    "error", [MemoryError(), OSError("too many open files"), RuntimeError("can't start new thread")]
)
async def test_resource_exhaustion_is_503(error: Exception) -> None:
    async def short(scope: Scope, receive: Receive, send: Send) -> None:
        raise error

    transport = httpx.ASGITransport(RequestMiddleware(short, max_body=1024, timeout=5, direct={}))
    async with httpx.AsyncClient(transport=transport, base_url="http://registry.example") as client:
        answer = await client.get("/")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["errors"][0]["message"] == "The service is out of resources."


async def test_a_request_ends_when_its_response_is_ready_however_slowly_the_client_reads() -> None:
    sending = asyncio.Event()
    sent: list[Message] = []

    async def slow_send(message: Message) -> None:
        sending.set()
        await asyncio.sleep(0.2)
        sent.append(message)

    middleware = RequestMiddleware(Response("answer"), max_body=1024, timeout=0.1, direct={})
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
    request = asyncio.create_task(middleware(scope, lambda: asyncio.Event().wait(), slow_send))  # type: ignore[arg-type, return-value]
    await sending.wait()
    assert HTTP_IN_FLIGHT._value.get() == 0
    await request
    assert [message.get("status", message.get("body")) for message in sent] == [200, b"answer"]


@pytest.mark.parametrize("error", [None, MemoryError()])
async def test_requests_without_enough_time_or_resources_are_logged_infrequently(
    error: Exception | None,
) -> None:
    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        if error is not None:
            raise error
        await asyncio.Event().wait()

    transport = httpx.ASGITransport(RequestMiddleware(failing, max_body=1024, timeout=0.01, direct={}))
    with capture_logs() as logs:
        async with httpx.AsyncClient(transport=transport, base_url="http://registry.example") as client:
            for _ in range(3):
                assert (await client.get("/")).status_code == 503
    assert len(logs) == 1


async def test_cancelled_request_is_503() -> None:
    begun = asyncio.Event()
    sent: list[Message] = []

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        await asyncio.Event().wait()

    async def send(message: Message) -> None:
        sent.append(message)

    middleware = RequestMiddleware(endless, max_body=1024, timeout=60, direct={})
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
    request = asyncio.create_task(middleware(scope, lambda: asyncio.Event().wait(), send))  # type: ignore[arg-type, return-value]
    async with asyncio.timeout(5):
        await begun.wait()
        request.cancel()
        await asyncio.wait((request,))
    assert request.done()
    assert [message["status"] for message in sent if "status" in message] == [503]
