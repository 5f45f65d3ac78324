"""Requests wait for a slot after everything that can refuse them, and hold it until the response is ready."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import httpx
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from consumers.health import Health
from service.http.app import WAITING_PER_SLOT, create_app
from service.http.caller import Verifier
from service.http.jwks import UNKNOWN_KEY_SECONDS, KeySet
from service.http.read_failures import PART, ReadFailures
from service.settings import Settings
from service.store.code_page import Items
from service.store.read_store import ReadStore
from service.telemetry import REGISTRY
from tests.support import issuer
from tests.support.wait import eventually
from tests.unit.http.api_client import EMPTY, verifier

ACCOUNT = "/account/v1/producer-codes"
TRUSTED = issuer.Issuer()
SLOTS = 2


class HeldReader:
    """Answers the reads that began only when they are told to."""

    def __init__(self) -> None:
        self.subjects: list[str] = []
        """The callers of the reads that began."""
        self.leave = asyncio.Event()

    async def codes_of_caller(self, subject: str, **_: object) -> Items:
        """Answer one read."""
        self.subjects.append(subject)
        await self.leave.wait()
        return EMPTY


@asynccontextmanager
async def _client(app: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://registry.example") as client:
        yield client


def _app(held: HeldReader, of: Verifier | None = None) -> ASGIApp:
    reader = cast("ReadStore", held)
    settings = Settings(max_concurrent_requests=SLOTS)
    return create_app(settings, reader, reader, of or verifier(TRUSTED), ReadFailures(Health([PART])))


def _headers(sub: str = "pc:310", **claims: object) -> dict[str, str]:
    return {"Authorization": f"Bearer {TRUSTED.token(sub=sub, **claims)}"}  # type: ignore[arg-type]  # claims of any type


def _begin(client: httpx.AsyncClient, sub: str, count: int = 1) -> list[asyncio.Task[httpx.Response]]:
    return [asyncio.create_task(client.get(ACCOUNT, headers=_headers(sub))) for _ in range(count)]


def _value(name: str) -> float | None:
    return REGISTRY.get_sample_value(f"producer_registry_http_{name}", {"limit": "general"})


async def test_requests_above_the_limit_wait_and_above_the_limit_of_waiting_ones_are_refused() -> None:
    held = HeldReader()
    async with _client(_app(held)) as client:
        begun = _begin(client, "ann", SLOTS + SLOTS * WAITING_PER_SLOT)
        await eventually(lambda: _value("requests_waiting") == SLOTS * WAITING_PER_SLOT, what="the waiting requests")
        assert (len(held.subjects), _value("slots_in_use")) == (SLOTS, SLOTS)
        [extra] = await asyncio.gather(*_begin(client, "ann"))
        held.leave.set()
        answered = await asyncio.gather(*begun, *_begin(client, "ann"))
    assert (extra.status_code, extra.headers["retry-after"]) == (503, "1")
    assert extra.json()["detail"] == "Too many concurrent requests."
    assert {answer.status_code for answer in answered} == {200}
    assert (_value("slots_in_use"), _value("requests_waiting")) == (0, 0)


async def test_a_caller_with_fewer_requests_in_progress_comes_first() -> None:
    held, known = HeldReader(), verifier(TRUSTED)
    # With keys, requests are processed in their order.
    await known.keys.key("ec", "ES256")
    async with _client(_app(held, known)) as client:
        many = _begin(client, "many", SLOTS + 4)
        await eventually(lambda: _value("requests_waiting") == 4, what="the waiting requests of the one caller")
        [other] = _begin(client, "other")
        await eventually(lambda: _value("requests_waiting") == 5, what="the request of the other caller")
        many[0].cancel()
        await eventually(lambda: len(held.subjects) == SLOTS + 1, what="the next request")
        many[1].cancel()
        await asyncio.wait(many[:2])
        held.leave.set()
        assert (await other).status_code == 200
        assert await asyncio.wait(many[2:])
    assert held.subjects[: SLOTS + 1] == ["many"] * SLOTS + ["other"]


@pytest.mark.parametrize(
    ("path", "scope", "status"),
    [
        (ACCOUNT, None, 401),
        (ACCOUNT, "unsigned", 401),
        (ACCOUNT, "other", 403),
        (f"{ACCOUNT}?pageSize=0", "account:read", 400),
        ("/groups/%00", "admin:read", 404),
        ("/nowhere", None, 404),
        ("/openapi.json", None, 200),
    ],
)
async def test_a_request_that_reads_nothing_needs_no_slot(path: str, scope: str | None, status: int) -> None:
    # The token is made here: one made when the tests are collected expires in a long run.
    headers = {"Authorization": "Bearer x"} if scope == "unsigned" else _headers(scope=scope) if scope else {}
    held = HeldReader()
    async with _client(_app(held)) as client:
        begun = _begin(client, "ann", SLOTS + SLOTS * WAITING_PER_SLOT)
        await eventually(lambda: _value("requests_waiting") == SLOTS * WAITING_PER_SLOT, what="the waiting requests")
        assert (await client.get(path, headers=headers)).status_code == status
        held.leave.set()
        assert {answer.status_code for answer in await asyncio.gather(*begun)} == {200}


async def test_a_request_that_waits_for_the_keys_holds_no_slot() -> None:
    now, answered = [0.0], threading.Event()

    def read(_: str) -> bytes:
        if now[0]:
            answered.wait()
        return TRUSTED.jwks()

    keys = KeySet("memory", ["ES256"], read=read, now=lambda: now[0])
    held = HeldReader()
    held.leave.set()
    other = issuer.Issuer()
    try:
        async with _client(_app(held, Verifier(keys, issuer=issuer.NAME, audience=issuer.AUDIENCE))) as client:
            assert (await client.get(ACCOUNT, headers=_headers())).status_code == 200
            now[0] = UNKNOWN_KEY_SECONDS
            unknown = {"Authorization": f"Bearer {other.token(kid='unknown', key=other.keys['ec'])}"}
            waiting = [asyncio.create_task(client.get(ACCOUNT, headers=unknown)) for _ in range(SLOTS * 10)]
            await eventually(lambda: _in_flight() == len(waiting), what="the requests that wait for the keys")
            assert (await client.get(ACCOUNT, headers=_headers())).status_code == 200
            answered.set()
            assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {401}
    finally:
        answered.set()


async def test_a_slot_is_released_before_the_response_is_sent() -> None:
    held = HeldReader()
    held.leave.set()
    app = _app(held)
    unread = asyncio.Event()
    begun: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        begun.append(message)
        await unread.wait()

    async with _client(app) as client:
        request = client.build_request("GET", ACCOUNT, headers=_headers())
        scope: Scope = {
            "type": "http",
            "method": "GET",
            "path": ACCOUNT,
            "raw_path": ACCOUNT.encode(),
            "query_string": b"",
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
        }
        sending = [asyncio.create_task(_sent(app, scope, receive, send)) for _ in range(SLOTS * 10)]
        await eventually(lambda: len(begun) == len(sending), what="the responses")
        assert _value("slots_in_use") == 0
        assert (await client.get(ACCOUNT, headers=_headers())).status_code == 200
        unread.set()
        await asyncio.gather(*sending)


async def _sent(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    await app(dict(scope), receive, send)


def _in_flight() -> float | None:
    return REGISTRY.get_sample_value("producer_registry_http_requests_in_flight")
