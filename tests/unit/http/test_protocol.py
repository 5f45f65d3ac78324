"""A request that is not HTTP gets a problem with a request id, as every other refused request."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from service.http import protocol
from service.telemetry import HTTP_MALFORMED
from tests.support.served import served
from tests.support.wait import eventually
from tests.unit.http.byte_client import port_of


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """The port of a server that has no application: no malformed request reaches it."""

    async def unreached(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise AssertionError

    async with served(unreached) as url:
        yield port_of(url)


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET /groups/\xc3\xbc HTTP/1.1",
        b"GET /groups?type=\xff HTTP/1.1",
        b"GET groups HTTP/1.1",
        b"nonsense",
        b"GET / HTTP/9.9",
    ],
)
async def test_a_malformed_request_is_a_problem(port: int, request_line: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request_line + b"\r\nHost: x\r\n\r\n")
    answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert status.startswith("HTTP/1.1 400 ")
    assert (headers["content-type"], headers["connection"]) == ("application/problem+json", "close")
    assert len(headers["x-request-id"]) == 32
    problem = json.loads(body)
    assert (problem["status"], problem["errors"][0]["code"]) == (400, "bad-request")
    assert "percent-encoded" in problem["detail"]


async def test_a_request_that_offers_another_protocol_is_answered_without_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Java's client offers HTTP/2 with its first request on each connection; a server may ignore that."""
    async with served(Response("answer")) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(url))
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n")
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        writer.close()
    assert caplog.messages == []


async def refused(port: int, *parts: bytes) -> int:
    """Send the parts until the server closes the connection; return the status of its answer.

    The status is 0 if the answer is lost, because the server closed the connection while data was on its way.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
            # The server reads each part before the next one is sent.
            await asyncio.sleep(0)
        answer = await reader.read()
    except ConnectionError:
        return 0
    finally:
        writer.close()
    assert b"content-type: application/problem+json" in answer
    return int(answer.split(b" ", 2)[1])


LINE = b"GET / HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize(
    ("parts", "statuses"),
    [
        ([LINE + b"".join(b"h%d: 1\r\n" % number for number in range(101)) + b"\r\n"], {431}),
        ([LINE + b"".join(b"h%d: 1\r\n" % number for number in range(20_000)) + b"\r\n"], {431, 0}),
        ([LINE, b"h: " + b"x" * 8_000, *[b"x" * 8_000] * 6], {431}),
        ([b"GET /" + b"x" * 40_000], {414}),
        ([b"GET / HTTP/1.1\r\n\r\n"], {400}),
        ([LINE + b"Host: y\r\n\r\n"], {400}),
    ],
    ids=["101 headers", "20,000 headers", "a header without end", "a URL without end", "no Host", "two Hosts"],
)
async def test_a_head_beyond_the_limits_is_refused_while_it_arrives(
    port: int, parts: list[bytes], statuses: set[int]
) -> None:
    before = HTTP_MALFORMED._value.get()
    assert await refused(port, *parts) in statuses
    await eventually(lambda: HTTP_MALFORMED._value.get() > before)


@pytest.mark.parametrize("size", range(352, 372, 2))
async def test_a_request_that_exceeds_two_limits_at_the_same_time_is_refused_once(
    port: int, caplog: pytest.LogCaptureFixture, size: int
) -> None:
    """The number of headers is exceeded first, and that of bytes by what the parser gets together with them."""
    before = HTTP_MALFORMED._value.get()
    headers = b"".join(b"h%03d: %b\r\n" % (number, b"x" * size) for number in range(101))
    assert await refused(port, LINE + headers + b"\r\n") == 431
    assert HTTP_MALFORMED._value.get() == before + 1
    assert [record for record in caplog.records if record.exc_info] == []


async def test_requests_within_the_limits_are_answered_also_when_they_arrive_together() -> None:
    async with served(Response("answer")) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(url))
        headers = b"".join(b"h%d: %b\r\n" % (number, b"x" * 300) for number in range(98))
        writer.write((LINE + headers + b"\r\n") * 3 + b"GET / HTTP/1.0\r\n\r\n")
        answer = await reader.read()
        writer.close()
    assert answer.count(b" 200 OK\r\n") == 4


@pytest.mark.usefixtures("frequent_sweeps")
async def test_a_connection_without_a_complete_head_is_closed_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.1)
    async with served(Response("answer")) as url:
        port = port_of(url)
        for sent in (b"", b"GET / HTTP/1.1\r\nHost"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            async with asyncio.timeout(10):
                assert await reader.read() == b""
            writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(LINE + b"\r\n")
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        writer.close()
