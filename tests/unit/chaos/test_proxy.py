"""The proxy forwards all data until a fault is requested, and then causes exactly this fault."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.support.proxy import HOST, Proxy, commits, requests
from tests.support.wait import eventually

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def observed() -> list[bytes]:
    """The data that the server behind the proxy received."""
    return []


@pytest.fixture
async def proxy(observed: list[bytes]) -> AsyncIterator[Proxy]:
    """A proxy in front of a server that echoes data."""

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


async def exchange(streams: Streams, data: bytes) -> bytes:
    """Send data and return the answer; empty when the connection ends."""
    reader, writer = streams
    writer.write(data)
    try:
        return await asyncio.wait_for(reader.read(1000), 2)
    except ConnectionResetError:
        return b""


async def test_all_data_is_forwarded_without_a_fault(proxy: Proxy) -> None:
    async with client(proxy) as streams:
        assert await exchange(streams, b"hello") == b"<hello>"
        assert await exchange(streams, b"again") == b"<again>"


async def test_connections_end_when_they_are_cut(proxy: Proxy) -> None:
    async with client(proxy) as streams:
        await exchange(streams, b"hello")
        assert proxy.cut() == 1
        assert await exchange(streams, b"more") == b""
    await eventually(lambda: not proxy.links)


async def test_nothing_is_forwarded_while_the_proxy_is_silent(proxy: Proxy, observed: list[bytes]) -> None:
    async with client(proxy) as streams:
        await exchange(streams, b"hello")
        with proxy.silent():
            streams[1].write(b"request")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(streams[0].read(1000), 0.2)
            assert observed == [b"hello"]
        assert await asyncio.wait_for(streams[0].read(1000), 2) == b"<request>"


async def test_requests_arrive_without_an_answer_when_one_direction_is_silent(
    proxy: Proxy, observed: list[bytes]
) -> None:
    async with client(proxy) as streams:
        with proxy.silent(up=False):
            streams[1].write(b"observed")
            await eventually(lambda: observed == [b"observed"])
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(streams[0].read(1000), 0.2)


async def test_a_fault_affects_only_the_connections_of_its_process(proxy: Proxy) -> None:
    async with client(proxy) as streams:
        with proxy.silent(pid=1):
            assert await exchange(streams, b"hello") == b"<hello>"
        assert proxy.cut(pid=1) == 0


async def test_new_connections_are_refused_while_the_server_is_away(proxy: Proxy) -> None:
    with proxy.away():
        async with client(proxy) as streams:
            assert await exchange(streams, b"hello") == b""
    async with client(proxy) as streams:
        assert await exchange(streams, b"hello") == b"<hello>"


async def test_a_trap_before_the_request_withholds_it_from_the_server(proxy: Proxy, observed: list[bytes]) -> None:
    trap = proxy.trap(commits, after=False)
    async with client(proxy) as streams:
        assert await exchange(streams, b"Q....BEGIN\0") == b"<Q....BEGIN\0>"
        assert await exchange(streams, b"Q....COMMIT\0") == b""
    assert trap.triggered.is_set()
    assert observed == [b"Q....BEGIN\0"]
    async with client(proxy) as streams:
        assert await exchange(streams, b"Q....COMMIT\0") == b"<Q....COMMIT\0>"


async def test_a_trap_after_the_request_drops_the_answer(proxy: Proxy, observed: list[bytes]) -> None:
    proxy.trap(commits, after=True)
    async with client(proxy) as streams:
        assert await exchange(streams, b"Q....COMMIT\0") == b""
    assert observed == [b"Q....COMMIT\0"]


async def test_a_trap_finds_a_request_that_arrives_in_two_parts(proxy: Proxy, observed: list[bytes]) -> None:
    proxy.trap(commits, after=False)
    async with client(proxy) as streams:
        assert await exchange(streams, b"Q....COM") == b"<Q....COM>"
        assert await exchange(streams, b"MIT\0") == b""


def test_requests_are_distinguished_by_their_api_key() -> None:
    def request(kind: int) -> bytes:
        name = b"producer-registry"
        body = kind.to_bytes(2) + (3).to_bytes(2) + b"\0\0\0\7" + len(name).to_bytes(2) + name + b"rest"
        return len(body).to_bytes(4) + body

    assert requests(0)(request(0))
    assert requests(8)(request(3) + request(8))
    assert not requests(8)(request(0) + request(3))
