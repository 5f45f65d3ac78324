"""Connections with a complete request are opened first, and the others a few in each turn of the event loop."""

import asyncio
import errno
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from service.http import acceptor
from service.http.acceptor import MIN_OPENED, Acceptor, opened
from tests.support.wait import eventually
from tests.unit.http.byte_client import GET

MOST = 60


class Port:
    """A listening socket, an acceptor, and the clients of the connections that it has opened, in their order."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=500))
        self.opened: list[str] = []
        self._names: dict[object, str] = {}
        self.acceptor = Acceptor(self._listener, self._open, MOST)

    def client(self, name: str, sent: bytes = b"") -> socket.socket:
        """Connect a client that sends this."""
        client = self._stack.enter_context(socket.create_connection(self._listener.getsockname()))
        client.sendall(sent)
        client.settimeout(10)
        self._names[client.getsockname()] = name
        return client

    def _open(self, connection: socket.socket) -> None:
        self.opened.append(self._names[connection.getpeername()])
        connection.close()


@pytest.fixture
def port() -> Iterator[Port]:
    with ExitStack() as stack:
        yield Port(stack)


def work(seconds: float) -> None:
    """Use the processor for so long, as a batch of commands does."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


async def first_turn(port: Port) -> None:
    port.acceptor.start()
    while not port.opened:  # noqa: ASYNC110  # the first turn in which a connection is opened is what is observed
        await asyncio.sleep(0)


@pytest.mark.parametrize("request_", [GET, GET + GET, b"GET /" + b"x" * 5_000], ids=["one", "two", "long"])
async def test_a_connection_with_a_request_is_opened_before_those_without(port: Port, request_: bytes) -> None:
    for number in range(20):
        port.client(f"silent {number}")
        port.client(f"half {number}", GET[:20])
    port.client("complete", request_)
    await first_turn(port)
    assert port.opened[0] == "complete"
    await eventually(lambda: len(port.opened) == 41)
    assert port.opened[1:] == [f"{kind} {number}" for number in range(20) for kind in ("silent", "half")]
    port.acceptor.stop()


async def test_a_request_that_arrives_later_is_not_behind_the_others(
    port: Port, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acceptor, "MIN_OPENED", 0)
    monkeypatch.setattr(acceptor, "OPENED_PER_SECOND", 0)
    for number in range(20):
        port.client(f"silent {number}")
    late = port.client("late")
    port.acceptor.start()
    await asyncio.sleep(0.05)
    assert not port.opened
    late.sendall(GET)
    await eventually(lambda: port.opened == ["late"])
    port.acceptor.stop()


async def test_few_connections_without_a_request_are_opened_in_a_short_turn(port: Port) -> None:
    for number in range(20):
        port.client(str(number))
    # The work of connecting the clients does not count.
    port.acceptor._worked = time.thread_time()
    await first_turn(port)
    assert MIN_OPENED <= len(port.opened) < 20
    await eventually(lambda: len(port.opened) == 20)
    port.acceptor.stop()


async def test_many_are_opened_after_a_long_turn(port: Port) -> None:
    port.acceptor._worked = time.thread_time()
    for number in range(50):
        port.client(str(number))
    work(0.05)
    await first_turn(port)
    assert len(port.opened) == 50
    port.acceptor.stop()


@pytest.mark.parametrize(("worked", "count"), [(0.0, 2), (0.0009, 2), (0.002, 4), (0.05, 52)])
def test_the_number_depends_on_the_work_since_the_turn_before(worked: float, count: int) -> None:
    assert opened(worked) == count


async def test_a_client_that_is_gone_takes_no_turn(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptor, "MIN_OPENED", 0)
    monkeypatch.setattr(acceptor, "OPENED_PER_SECOND", 0)
    gone, reset = port.client("gone"), port.client("reset")
    gone.close()
    reset.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    reset.close()
    port.acceptor.start()
    await asyncio.sleep(0)
    await eventually(lambda: not port.acceptor._waiting)
    assert not port.opened
    port.acceptor.stop()


async def test_the_operating_system_keeps_what_is_above_the_limit(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptor, "MIN_OPENED", 0)
    monkeypatch.setattr(acceptor, "OPENED_PER_SECOND", 0)
    for number in range(MOST + 4):
        port.client(str(number))
    port.acceptor.start()
    await eventually(lambda: len(port.acceptor._waiting) == MOST)
    await asyncio.sleep(0.05)
    assert len(port.acceptor._waiting) == MOST
    monkeypatch.setattr(acceptor, "MIN_OPENED", 1)
    await eventually(lambda: len(port.opened) == MOST + 4)
    port.acceptor.stop()


async def test_a_connection_that_cannot_be_watched_is_opened_in_its_turn(
    port: Port, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(port.acceptor._silent, "register", no_space)
    port.client("one")
    port.acceptor.start()
    await eventually(lambda: port.opened == ["one"])
    port.acceptor.stop()


async def test_connections_that_wait_at_the_end_are_closed(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptor, "MIN_OPENED", 0)
    monkeypatch.setattr(acceptor, "OPENED_PER_SECOND", 0)
    client = port.client("waiting")
    port.acceptor.start()
    await eventually(lambda: len(port.acceptor._waiting) == 1)
    port.acceptor.stop()
    assert await asyncio.to_thread(client.recv, 1) == b""
    late = port.client("late", GET)
    await asyncio.sleep(0.05)
    assert not port.opened
    late.close()
