"""There is a maximum of connections and of the bytes that they hold."""

import asyncio
import errno
import gc
import resource
import socket

import pytest
import uvloop
from starlette.responses import Response
from structlog.testing import capture_logs

from service.http import protocol
from service.http.connections import PATIENCE_SECONDS, Connections, within_descriptors
from service.http.protocol import Protocol
from service.http.server import serving
from tests.support.served import served
from tests.support.wait import eventually
from tests.unit.http.byte_client import BIG, CHUNKED, GET, OK, Gate, answered, client, closed, ended

pytestmark = pytest.mark.usefixtures("frequent_sweeps")


async def test_the_bytes_that_all_connections_hold_are_bounded() -> None:
    before = closed("held_bytes")
    among = Connections("test", 100, max_held=30_000_000)
    async with served(BIG, among) as url, client(url, GET), client(url, GET), client(url, GET):
        await eventually(lambda: closed("held_bytes") >= before + 2)
        await answered(url)


async def test_at_the_maximum_the_oldest_connection_without_a_request_is_closed() -> None:
    before = closed("limit")
    gate = Gate()
    with capture_logs() as logs:
        await at_the_maximum(gate)
    assert closed("limit") == before + 3
    assert [entry["event"] for entry in logs] == ["http_connections_at_limit"]


async def at_the_maximum(gate: Gate) -> None:
    async with (
        served(gate, Connections("test", 3)) as url,
        client(url, GET) as busy,
        client(url, b"GET / HTTP/1.1\r\n") as oldest,
    ):
        await eventually(lambda: gate.begun == 1)
        async with client(url) as silent, client(url, GET) as newest:
            await ended(oldest)
            await eventually(lambda: gate.begun == 2)
            gate.open.set()
            assert await newest.readline() == await busy.readline() == OK
            # A connection that had a response waits again, and is younger than the silent one.
            async with client(url, GET) as another:
                await ended(silent)
                assert await another.readline() == OK
                await answered(url)


async def test_a_connection_is_refused_when_every_other_one_has_a_request() -> None:
    gate = Gate()
    async with served(gate, Connections("test", 1)) as url, client(url, GET) as busy:
        await eventually(lambda: gate.begun == 1)
        async with client(url) as refused:
            await ended(refused)
        gate.open.set()
        assert await busy.readline() == OK


async def test_connections_are_accepted_again_after_the_process_was_out_of_descriptors() -> None:
    class Listener(socket.socket):
        failures = 2

        def accept(self) -> tuple[socket.socket, tuple[str, int]]:
            if self.failures:
                self.failures -= 1
                raise OSError(errno.EMFILE, "Too many open files")
            return super().accept()

    with Listener() as listener, capture_logs() as logs:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        async with serving(Response("answer"), listener, Connections("test", 10), lambda *_: None, seconds=1):
            await answered(f":{listener.getsockname()[1]}")
    assert [entry["event"] for entry in logs] == ["connections_not_accepted", "connections_accepted_again"]


@pytest.mark.parametrize("sent", [b"", GET, GET[:20], CHUNKED], ids=["nothing", "a request", "half a head", "no body"])
def test_a_closed_connection_leaves_nothing_for_the_garbage_collector(sent: bytes) -> None:
    """The service collects garbage once a minute."""

    async def left() -> int:
        async with served(Response("answer")) as url:
            gc.collect()
            gc.disable()
            for _ in range(20):
                async with client(url, sent):
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            return sum(isinstance(each, Protocol) for each in gc.get_objects())

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            # The loop may still have the last one.
            assert runner.run(left()) <= 2
    finally:
        gc.enable()


def test_the_maximum_is_well_below_the_limit_of_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 4096))
    assert within_descriptors(2000, 0.5) == 512
    assert within_descriptors(100, 0.5) == 100
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, 1))
    assert within_descriptors(2000, 0.5) == 2000


@pytest.mark.parametrize("waited", [0.0, 2.0])
async def test_a_client_that_does_not_read_is_disconnected_before_a_connection_that_has_just_been_opened(
    monkeypatch: pytest.MonkeyPatch, waited: float
) -> None:
    monkeypatch.setattr(protocol, "STALL_SECONDS", 3600)
    now = 0.0
    among = Connections("test", 2, max_held=100_000_000, monotonic=lambda: now)
    async with served(BIG, among) as url, client(url) as silent:
        await eventually(lambda: len(among) == 1)
        async with client(url, GET):
            await eventually(lambda: bool(among._holding))
            now = waited
            async with client(url):
                # A connection that has waited for longer for its request is closed first.
                await eventually(lambda: bool(among._holding) == is_closed(silent) and len(among) == 2)
                assert is_closed(silent) == (waited > PATIENCE_SECONDS)


def is_closed(reader: asyncio.StreamReader) -> bool:
    return reader.at_eof() or reader.exception() is not None
