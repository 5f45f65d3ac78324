"""Sending on a connection that has just ended, on the event loop of production.

There a write to an ended transport raises RuntimeError, where asyncio's own loop only warns. The client library expects
OSError at most: its task that keeps the metadata fresh dies of it without a word, and a broker that moves is never
found again. Here it becomes the error that the library knows for a lost connection.
"""

from typing import Any

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError

_send = AIOKafkaConnection.send


def _send_or_lose(connection: AIOKafkaConnection, request: Any, expect_response: bool = True) -> Any:
    try:
        return _send(connection, request, expect_response)
    except RuntimeError as error:
        connection.close(reason=CloseReason.CONNECTION_BROKEN)
        raise KafkaConnectionError(f"Connection at {connection.host}:{connection.port} ended: {error}") from error


def treat_ended_as_lost() -> None:
    """Let every Kafka client of this process do so; there is no option for it."""
    AIOKafkaConnection.send = _send_or_lose
