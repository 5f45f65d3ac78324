"""The proxy forwards faithfully until it is told otherwise, and then does exactly that."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.support.proxy import HOST, Proxy, commits, requests
from tests.support.wait import eventually

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def observed() -> list[bytes]:
    """What the server behind the proxy heard."""
    return []


@pytest.fixture
async def proxy(observed: list[bytes]) -> AsyncIterator[Proxy]:
    """A proxy before a server that says back what it hears."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1000):
            observed.append(data)
            writer.write(b"<" + data + b">")
        writer.close()

    server = await asyncio.start_server(serve, HOST, 0)
    between = Proxy(lambda: (HOST, server.sockets[0].getsockname()[1]))
    await between.start()
    yield between
    await between.stop()
    server.close()


@asynccontextmanager
async def client(proxy: Proxy) -> AsyncIterator[Streams]:
    """A connection through the proxy."""
    reader, writer = await asyncio.open_connection(HOST, proxy.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def said(streams: Streams, words: bytes) -> bytes:
    """What comes back; empty when the connection ends."""
    reader, writer = streams
    writer.write(words)
    try:
        return await asyncio.wait_for(reader.read(1000), 2)
    except ConnectionResetError:
        return b""


async def test_everything_is_forwarded_when_nothing_is_wrong(proxy: Proxy) -> None:
    async with client(proxy) as streams:
        assert await said(streams, b"hello") == b"<hello>"
        assert await said(streams, b"again") == b"<again>"


async def test_connections_end_when_they_are_cut(proxy: Proxy) -> None:
    async with client(proxy) as streams:
        await said(streams, b"hello")
        assert proxy.cut() == 1
        assert await said(streams, b"more") == b""
    await eventually(lambda: not proxy.links)


async def test_nothing_is_observed_while_the_proxy_is_silent(proxy: Proxy, observed: list[bytes]) -> None:
    async with client(proxy) as streams:
        await said(streams, b"hello")
        with proxy.silent():
            streams[1].write(b"unheard")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(streams[0].read(1000), 0.2)
            assert observed == [b"hello"]
        assert await asyncio.wait_for(streams[0].read(1000), 2) == b"<unheard>"


async def test_words_arrive_without_an_answer_when_one_way_is_silent(proxy: Proxy, observed: list[bytes]) -> None:
    async with client(proxy) as streams:
        with proxy.silent(up=False):
            streams[1].write(b"heard")
            await eventually(lambda: observed == [b"heard"])
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(streams[0].read(1000), 0.2)


async def test_a_fault_meets_only_the_connections_of_its_process(proxy: Proxy) -> None:
    async with client(proxy) as streams:
        with proxy.silent(pid=1):
            assert await said(streams, b"hello") == b"<hello>"
        assert proxy.cut(pid=1) == 0


async def test_new_connections_are_refused_while_the_server_is_away(proxy: Proxy) -> None:
    with proxy.away():
        async with client(proxy) as streams:
            assert await said(streams, b"hello") == b""
    async with client(proxy) as streams:
        assert await said(streams, b"hello") == b"<hello>"


async def test_a_trap_before_keeps_the_word_from_the_server(proxy: Proxy, observed: list[bytes]) -> None:
    trap = proxy.trap(commits, after=False)
    async with client(proxy) as streams:
        assert await said(streams, b"Q....BEGIN\0") == b"<Q....BEGIN\0>"
        assert await said(streams, b"Q....COMMIT\0") == b""
    assert trap.triggered.is_set()
    assert observed == [b"Q....BEGIN\0"]
    async with client(proxy) as streams:
        assert await said(streams, b"Q....COMMIT\0") == b"<Q....COMMIT\0>"


async def test_a_trap_after_lets_the_server_do_it_and_swallows_the_answer(proxy: Proxy, observed: list[bytes]) -> None:
    proxy.trap(commits, after=True)
    async with client(proxy) as streams:
        assert await said(streams, b"Q....COMMIT\0") == b""
    assert observed == [b"Q....COMMIT\0"]


async def test_a_trap_hears_a_word_that_comes_in_two_parts(proxy: Proxy, observed: list[bytes]) -> None:
    proxy.trap(commits, after=False)
    async with client(proxy) as streams:
        assert await said(streams, b"Q....COM") == b"<Q....COM>"
        assert await said(streams, b"MIT\0") == b""


def test_requests_are_reported_apart_by_their_kind() -> None:
    def request(kind: int) -> bytes:
        name = b"producer-registry"
        body = kind.to_bytes(2) + (3).to_bytes(2) + b"\0\0\0\7" + len(name).to_bytes(2) + name + b"rest"
        return len(body).to_bytes(4) + body

    assert requests(0)(request(0))
    assert requests(8)(request(3) + request(8))
    assert not requests(8)(request(0) + request(3))
