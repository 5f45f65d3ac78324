"""The connection on which tests send many requests."""

import asyncio

import pytest

from tests.support.http_client import asker

ANSWER = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 2\r\nContent-Type: text/plain\r\n\r\nno"


async def test_requests_share_a_connection_and_a_lost_one_is_opened_again() -> None:
    asked: list[list[bytes]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append([])
        while len(asked[-1]) < 2:
            asked[-1].append((await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0])
            writer.write(ANSWER)
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server, asker(_port(server)) as connection:
        assert await connection.get("/a") == (503, b"no")
        assert await connection.get("/b") == (503, b"no")
        with pytest.raises((OSError, EOFError)):
            await connection.get("/lost")
        assert await connection.get("/c") == (503, b"no")
    assert asked == [[b"GET /a HTTP/1.1", b"GET /b HTTP/1.1"], [b"GET /c HTTP/1.1"]]


async def test_a_connection_that_was_closed_while_it_was_idle_is_opened_again() -> None:
    closed = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ANSWER)
        writer.close()
        await writer.wait_closed()
        closed.set()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server, asker(_port(server)) as connection:
        for _ in range(2):
            assert await connection.get("/") == (503, b"no")
            await closed.wait()
            closed.clear()
            # The client's end hears of it when the event loop polls again.
            await asyncio.sleep(0.1)


async def test_an_error_is_raised_if_nobody_listens() -> None:
    async with await asyncio.start_server(lambda *_: None, "127.0.0.1", 0) as server:
        port = _port(server)
    async with asker(port) as connection:
        with pytest.raises(OSError, match="Connect call failed"):
            await connection.get("/")


def _port(server: asyncio.Server) -> int:
    return int(server.sockets[0].getsockname()[1])
