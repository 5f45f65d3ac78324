"""The requests and the steps of the benchmark of writes over HTTP, and its client."""

import asyncio
from functools import partial

import orjson
import pytest

from service.stack.port import HOST
from tests.load.http_connection import send
from tests.load.write_steps import PARTS, Step, parts_of, statements_of
from tests.load.writes import creates


def test_each_request_has_a_code_and_a_key_of_its_own() -> None:
    sources = [creates(80, number, "x", ["token"]) for number in range(2)]
    requests = [source() for source in sources for _ in range(2)]
    bodies = [orjson.loads(request.partition(b"\r\n\r\n")[2]) for request in requests]
    assert len({body["data"]["attributes"]["code"] for body in bodies}) == 4
    assert len({line for request in requests for line in request.split(b"\r\n") if b"Idempotency-Key" in line}) == 4


async def test_the_client_refuses_another_status() -> None:
    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1000):
            writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}")
        writer.close()

    async with await asyncio.start_server(respond, HOST, 0) as server:
        measured = partial(send, server.sockets[0].getsockname()[1], [lambda: b"GET / HTTP/1.1\r\n\r\n"])
        assert (await measured(202, 0.01))["requests"] >= 1
        with pytest.raises(RuntimeError, match="202 Accepted"):
            await measured(201, 0.01)


async def test_requests_with_a_rate_are_sent_even_if_an_earlier_response_is_late() -> None:
    late = True

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal late
        while await reader.read(1000):
            await asyncio.sleep(0.3 if late else 0.0)
            late = False
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        writer.close()

    async with await asyncio.start_server(respond, HOST, 0) as server:
        port = server.sockets[0].getsockname()[1]
        # Due at 0, 0.1 and 0.2 seconds. All wait for the first response, which comes after the last of them.
        measured = await send(port, [lambda: b"GET / HTTP/1.1\r\n\r\n"], 200, 0.25, rate=10)
    assert measured["requests"] == 3
    assert measured["mean"] > 190


def test_the_parts_of_a_request_are_between_its_steps() -> None:
    steps: list[Step] = [
        ("first", 0.001, 0.002),
        ("publish", 0.003, 0.005),
        ("statement: SELECT 1", 0.016, 0.018),
        ("batch", 0.015, 0.020),
        ("notification", 0.021, 0.021),
        ("states", 0.021, 0.023),
        ("outcome", 0.005, 0.024),
        ("resource", 0.024, 0.026),
        ("request", 0.001, 0.027),
        # A request without a batch of its own is left out.
        ("request", 0.100, 0.127),
    ]
    [found] = parts_of(steps)
    assert {name: round(took) for name, took in found.items()} == dict(
        zip(PARTS[1:], (1, 1, 2, 10, 5, 1, 2, 1, 2, 1), strict=True)
    )
    assert round(statements_of(steps)["statement: SELECT 1"]) == 2
