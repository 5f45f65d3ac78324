"""Clients that read or send too slowly, disconnect, or send requests without waiting do not affect the others."""

import asyncio
import gc
import socket

import pytest
import uvicorn
import uvloop
from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from service.http import protocol
from service.http.connections import Connections
from service.http.middleware import RequestMiddleware
from service.telemetry import HTTP_CONNECTIONS, HTTP_SECONDS
from tests.support.served import served
from tests.support.wait import eventually
from tests.unit.http.byte_client import BIG, CHUNKED, GET, OK, Gate, client, closed, ended, port_of, sender

pytestmark = pytest.mark.usefixtures("frequent_sweeps")


async def test_pipelined_requests_are_parsed_and_processed_one_at_a_time() -> None:
    gate = Gate()
    async with served(gate) as url, client(url, GET * 1000) as reader:
        await eventually(lambda: gate.begun == 1)
        await answered_later(gate)
        assert sum(isinstance(thing, RequestResponseCycle) for thing in gc.get_objects()) < 200
        gate.open.set()
        for _ in range(1000):
            assert await reader.readuntil(b"answer")
        assert gate.begun == gate.ended == 1000


async def answered_later(gate: Gate) -> None:
    """Let the server process what has arrived."""
    for _ in range(50):
        await asyncio.sleep(0)
    assert gate.begun == 1


async def test_a_client_that_reads_nothing_is_disconnected_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(protocol, "STALL_SECONDS", 0.2)
    before = closed("not_reading")
    among = Connections("test", 10, max_held=100_000_000)
    async with served(BIG, among) as url, client(url, GET * 2), client(url, GET):
        await eventually(lambda: closed("not_reading") == before + 2)
        await eventually(lambda: len(among) == 0)
        assert HTTP_CONNECTIONS.labels("test")._value.get() == 0
    assert caplog.messages == []


class Transport:
    """A transport whose client does not read: the bytes stay unsent."""

    def __init__(self, unsent: int) -> None:
        self.unsent = unsent
        self.closing = self.aborted = False
        self.limit: int | None = None

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def set_write_buffer_limits(self, high: int) -> None:
        self.limit = high

    def get_extra_info(self, _name: str) -> None:
        return None

    def write(self, data: bytes) -> None:
        self.unsent += len(data)

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    def abort(self) -> None:
        self.aborted = True


async def test_a_closed_connection_does_not_wait_without_a_limit_for_its_client() -> None:
    loop = asyncio.get_running_loop()
    config = uvicorn.Config(Gate(), log_config=None)
    config.load()
    tested = protocol.Protocol(config, ServerState(), {}, loop, among=Connections("test", 10))
    # Fewer unsent bytes than those at which the transport reports them.
    transport = Transport(unsent=5000)
    tested.connection_made(transport)  # type: ignore[arg-type]  # as far as it is used
    assert transport.limit == protocol.MAX_UNSENT_BYTES
    tested.check(loop.time() + protocol.HEAD_SECONDS)
    assert transport.closing
    transport.unsent = 900
    tested.resume_writing()
    tested.check(loop.time() + protocol.STALL_SECONDS)
    assert not transport.aborted
    tested.check(loop.time() + 2 * protocol.STALL_SECONDS + 1)
    assert transport.aborted


async def test_a_client_that_has_read_its_response_is_observed_no_longer() -> None:
    before, loop = closed("not_reading"), asyncio.get_running_loop()
    among = Connections("test", 10)
    async with served(BIG, among) as url, sender(url, GET) as reader:
        await reader.readexactly(20_000_000)
        (connection,) = among._open
        await eventually(lambda: connection.held_bytes == 0)
        # The first check would only see that the client has read, the second one that it reads no more.
        for number in (2, 4):
            connection.check(loop.time() + number * protocol.STALL_SECONDS)
        assert closed("not_reading") == before
        assert len(among) == 1


def read_all(connection: socket.socket) -> None:
    while connection.recv(65_536):
        pass


def test_a_client_that_reads_nothing_finds_its_connection_reset() -> None:
    """The operating system would keep the response of a closed connection. It takes only a part of it before."""

    async def received() -> int:
        among = Connections("test", 10, max_held=100_000_000)
        async with served(BIG, among) as url:
            with socket.socket() as silent:
                silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                silent.connect(("127.0.0.1", port_of(url)))
                silent.sendall(GET)
                await eventually(lambda: bool(among._holding))
                (connection,) = among._holding
                held = connection.held_bytes
                connection.check(asyncio.get_running_loop().time() + protocol.STALL_SECONDS)
                silent.settimeout(10)
                with pytest.raises(ConnectionResetError):
                    await asyncio.to_thread(read_all, silent)
        return held

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(received()) > 19_000_000


async def test_a_client_that_reads_slowly_gets_the_whole_response(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "STALL_SECONDS", 0.2)
    async with served(BIG) as url, client(url, GET.replace(b"1.1", b"1.0")) as reader:
        read = 0
        while part := await reader.read(65_536):
            read += len(part)
            await asyncio.sleep(0.002)
    assert read > 20_000_000


async def test_the_request_of_a_client_that_disconnects_is_cancelled(caplog: pytest.LogCaptureFixture) -> None:
    gate = Gate()
    async with served(gate) as url:
        async with client(url, GET * 3):
            await eventually(lambda: gate.begun == 1)
        await eventually(lambda: gate.cancelled == 1)
    assert (gate.begun, gate.ended) == (1, 0)
    assert caplog.messages == []


async def test_an_idle_connection_is_closed_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "IDLE_SECONDS", 0.1)
    before = closed("idle_timeout")
    async with served(Response("answer")) as url, client(url, GET) as reader:
        assert (await reader.read(65_536)).startswith(OK)
        await ended(reader)
    assert closed("idle_timeout") == before + 1


async def test_a_request_in_progress_has_no_deadline_of_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.3)
    for parts in ([GET], [CHUNKED], [GET[:-1], b"\nGET / HTTP/1.1\r\n"]):
        gate = Gate()
        async with served(gate) as url, sender(url, *parts) as reader:
            await asyncio.sleep(0.6)
            gate.open.set()
            assert await reader.readline() == OK


async def test_requests_that_the_parser_gets_together_are_cancelled_together(caplog: pytest.LogCaptureFixture) -> None:
    gate = Gate()
    async with served(gate) as url:
        async with sender(url, GET[:-1], b"\n" + GET):
            await eventually(lambda: gate.begun == 1)
        await eventually(lambda: gate.cancelled == 1)
    assert gate.begun == 1
    assert caplog.messages == []


async def test_a_request_whose_client_disconnects_counts_with_a_status_of_its_own() -> None:
    gate = Gate()
    series = HTTP_SECONDS.labels("GET", "none", "499")
    before = series._sum.get()
    middleware = RequestMiddleware(gate, max_body=1024, timeout=60, direct={})
    async with served(middleware) as url:
        async with client(url, GET):
            await eventually(lambda: gate.begun == 1)
        await eventually(lambda: series._sum.get() > before)


async def test_a_connection_ends_after_the_response_if_the_body_was_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "LINGER_SECONDS", 0.3)
    async with served(Response("answer", 405)) as url:
        _reader, writer = await asyncio.open_connection("127.0.0.1", port_of(url))
        sent = 0
        try:
            while sent < 300_000_000:
                writer.write((b"" if sent else CHUNKED) + b"10000\r\n" + b"x" * 65_536 + b"\r\n")
                sent += 65_536
                await writer.drain()
        except ConnectionError:
            pass
        writer.close()
    assert sent < 100_000_000


async def test_a_client_that_still_sends_a_body_can_read_the_response(monkeypatch: pytest.MonkeyPatch) -> None:
    # The end of the response and of the connection do not depend on this time.
    monkeypatch.setattr(protocol, "LINGER_SECONDS", 3600)
    among = Connections("test", 10)
    gate = Gate()
    async with served(gate, among) as url:
        async with sender(url, CHUNKED, b"14000\r\n", b"x" * 70_000) as reader:
            gate.open.set()
            answer = await reader.read()
        await eventually(lambda: len(among) == 0)
    assert b"connection: close\r\n" in answer
    assert answer.endswith(b"answer")


async def test_a_client_that_sends_more_after_the_response_is_not_reset_at_once() -> None:
    async with served(Response("answer", 405)) as url, sender(url, CHUNKED, *[b"400\r\n" + b"x" * 0x400] * 3) as reader:
        assert (await reader.read()).endswith(b"answer")


async def test_a_connection_stays_open_after_a_request_with_a_complete_body() -> None:
    post = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde"
    async with served(Response("answer")) as url, client(url, post, post, GET) as reader:
        for _ in range(3):
            assert b"connection" not in await reader.readuntil(b"answer")
