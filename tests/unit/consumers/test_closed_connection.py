"""A connection that ends during a request is a lost connection, on any event loop."""

import asyncio

import pytest
import uvloop
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.admin import ApiVersionRequest

import consumers.kafka.client  # noqa: F401  # imported because it changes the client library


async def _send_on_ended() -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.transport.abort()
    await asyncio.sleep(0)
    connection = AIOKafkaConnection("127.0.0.1", port, request_timeout_ms=1000)
    connection._writer = writer
    connection._versions = {18: (0, 0)}
    try:
        await connection.send(ApiVersionRequest())
    finally:
        server.close()


def test_a_request_on_an_ended_connection_is_a_lost_connection() -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, pytest.raises(KafkaConnectionError):
        runner.run(_send_on_ended())
