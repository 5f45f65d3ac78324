"""A server that shuts down waits for requests in progress, and for no idle connection."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest
import uvicorn
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from service.http.connections import Connections
from service.http.protocol import Protocol
from service.http.server import Server
from tests.support.wait import eventually
from tests.unit.http.byte_client import GET, OK

POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"


@asynccontextmanager
async def started(app: ASGIApp) -> AsyncIterator[tuple[Server, tuple[str, int]]]:
    """A server that has started, and its address; the block shuts it down."""
    config = uvicorn.Config(
        app, loop="none", http=Protocol, ws="none", lifespan="off", log_config=None, timeout_graceful_shutdown=2
    )
    config.load()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(config, listener, Connections("test", 10))
        server.lifespan = config.lifespan_class(config)
        await server.startup()
        yield server, listener.getsockname()


async def test_a_connection_that_is_being_opened_is_closed(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with started(Response("answer")) as (server, address):
        with socket.create_connection(address) as client:
            client.sendall(GET)
            while not server._opening:  # noqa: ASYNC110  # the connection must not be open yet
                await asyncio.sleep(0)
            await server.shutdown()
    assert "graceful shutdown exceeded" not in caplog.text


async def test_a_request_whose_body_is_on_its_way_is_the_last_one_of_its_connection() -> None:
    begun = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        message = await receive()
        await Response(message["body"])(scope, receive, send)

    async with started(app) as (server, address):
        reader, writer = await asyncio.open_connection(*address)
        writer.write(POST)
        await begun.wait()
        shutdown = asyncio.create_task(server.shutdown())
        (connection,) = cast("set[Protocol]", server.server_state.connections)
        await eventually(lambda: not connection.cycle.keep_alive, what="the shutdown")
        writer.write(b"body")
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(OK)
        assert b"connection: close\r\n" in head
        assert await reader.read() == b"body"
        await shutdown
        writer.close()
