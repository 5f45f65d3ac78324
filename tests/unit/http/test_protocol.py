"""A request that is not HTTP gets a problem with a request id, as every other refused request."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from service.http.protocol import Protocol
from tests.support.wait import eventually


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """The port of a server that has no application: no malformed request reaches it."""

    async def unreached(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise AssertionError

    async with serving(unreached) as port:
        yield port


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[int]:
    config = uvicorn.Config(app, port=0, http=Protocol, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    await eventually(lambda: server.started)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await task


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
    assert status == "HTTP/1.1 400 Bad Request"
    assert (headers["content-type"], headers["connection"]) == ("application/problem+json", "close")
    assert len(headers["x-request-id"]) == 32
    problem = json.loads(body)
    assert (problem["status"], problem["errors"][0]["code"]) == (400, "bad-request")
    assert "percent-encoded" in problem["detail"]


async def test_a_request_that_offers_another_protocol_is_answered_without_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Java's client offers HTTP/2 with its first request on each connection; a server may ignore that."""
    async with serving(Response("answer")) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n")
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        writer.close()
    assert caplog.messages == []
