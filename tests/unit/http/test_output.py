"""A response is sent in one piece; what must not wait for its body is sent at once."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import pytest
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from service.http.protocol import _Output
from tests.support.served import served
from tests.unit.http.byte_client import GET, OK, client

EXPECT = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"


class Written:
    """A transport that keeps what it is told to send, with one entry for each system call."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.is_closing = self.close = lambda: False

    def write(self, data: bytes) -> None:
        """Send this."""
        self.sent.append(data)

    def writelines(self, parts: tuple[bytes, ...]) -> None:
        """Send these together."""
        self.sent.append(b"".join(parts))


def test_the_head_is_sent_with_the_first_part_of_the_body() -> None:
    transport, ended = Written(), list[bool]()
    output = _Output(cast("asyncio.Transport", transport), lambda: ended.append(True))
    for part in (b"head", b"first", b"second"):
        output.write(part)
    assert transport.sent == [b"headfirst", b"second"]
    output.close()
    assert transport.sent == [b"headfirst", b"second"]
    assert ended == [True]


@pytest.mark.parametrize("body", [b"", b"answer"])
async def test_a_response_is_complete_with_and_without_a_body(body: bytes) -> None:
    async with served(Response(body)) as url, client(url, GET, GET) as reader:
        for _ in range(2):
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(OK)
            assert await reader.readexactly(len(body)) == body


HEAD = GET.replace(b"GET", b"HEAD")


async def test_the_response_to_head_is_sent_and_keeps_its_place() -> None:
    async with served(Response(b"answer")) as url, client(url, HEAD, GET, HEAD) as reader:
        for body in (b"", b"answer", b""):
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(OK)
            assert b"content-length: 6\r\n" in head
            assert await reader.readexactly(len(body)) == body


async def test_every_part_of_a_body_is_sent_when_it_is_there() -> None:
    more = asyncio.Event()

    async def parts() -> AsyncIterator[bytes]:
        yield b"one"
        await more.wait()
        yield b"two"

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await StreamingResponse(parts())(scope, receive, send)

    async with served(app) as url, client(url, GET) as reader:
        await reader.readuntil(b"\r\n\r\n3\r\none\r\n")
        more.set()
        assert await reader.readuntil(b"0\r\n\r\n") == b"3\r\ntwo\r\n0\r\n\r\n"


async def test_the_head_is_sent_when_there_will_be_no_body() -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})

    async with served(app) as url, client(url, GET) as reader:
        assert (await reader.read(len(OK))) == OK
        await reader.read()


async def test_a_client_that_asks_whether_to_send_its_body_is_told_to_go_on() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        await Response(message["body"])(scope, receive, send)

    async with served(app) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(EXPECT)
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"body")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(OK)
        assert await reader.readexactly(4) == b"body"
        writer.close()
