"""Errors of the Kafka client with the reason why it could not connect.

The client library (aiokafka 0.14) raises "Unable to bootstrap from …" or "… node which is not ready", whatever the
reason is: a wrong password, an unknown CA, a wrong SASL mechanism. It only logs the reason. `report_connection_errors`
adds the last error to the message, for every client of the process; there is no option for it, and no public issue is
known.
"""

from collections.abc import Awaitable
from contextvars import ContextVar
from typing import Any, TypeVar

from aiokafka import client as client_module
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError, KafkaError, NodeNotReadyError

T = TypeVar("T")
_ERRORS = (OSError, KafkaError, TimeoutError)


class _Noted:
    """The last error while a client connects. Tasks that the client starts inherit it, so it keeps one text only."""

    reason: str | None = None


_noted: ContextVar[_Noted | None] = ContextVar("noted", default=None)

_create = client_module.create_conn
_bootstrap = AIOKafkaClient.bootstrap
_get = AIOKafkaClient._get_conn
_client_send = AIOKafkaClient.send


def reason_of(error: BaseException) -> str:
    """Return the text of an error of the client, with its cause if it has one; never empty."""
    name, text, cause = type(error).__name__, str(error), error.__cause__
    if isinstance(error, KafkaError):
        # Their texts begin with the name. The argument may be a connection, which says nothing.
        if not all(isinstance(argument, str) for argument in error.args):
            text = f"{name}: {getattr(error, 'description', None) or name}"
        return text if cause is None else f"{text} ({type(cause).__name__}: {cause})"
    return f"{name}: {text}" if text else name


async def _noting(host: str, port: int, work: Awaitable[T]) -> T:
    try:
        return await work
    except _ERRORS as error:
        noted = _noted.get()
        if noted is not None:
            noted.reason = f"{host}:{port}: {reason_of(error)}"
        raise


async def _create_noting(host: str, port: int, **options: Any) -> AIOKafkaConnection:
    return await _noting(host, port, _create(host, port, **options))


async def _bootstrap_with_reason(client: AIOKafkaClient) -> None:
    noted = _Noted()
    token = _noted.set(noted)
    try:
        await _bootstrap(client)
    except KafkaConnectionError as error:
        if noted.reason is None:
            raise
        raise KafkaConnectionError(f"{' '.join(map(str, error.args))}; last error: {noted.reason}") from error
    finally:
        _noted.reset(token)


async def _get_noting(client: AIOKafkaClient, node_id: Any, **options: Any) -> AIOKafkaConnection | None:
    noted = _Noted()
    token = _noted.set(noted)
    try:
        connection: AIOKafkaConnection | None = await _get(client, node_id, **options)
    finally:
        _noted.reset(token)
    client._last_connection_error = noted.reason
    return connection


async def _send_with_reason(client: AIOKafkaClient, node_id: Any, request: Any, **options: Any) -> Any:
    try:
        return await _client_send(client, node_id, request, **options)
    except NodeNotReadyError as error:
        reason = getattr(client, "_last_connection_error", None)
        if reason is None:
            raise
        raise NodeNotReadyError(f"{' '.join(map(str, error.args))} Last error: {reason}") from error


def report_connection_errors() -> None:
    """Let every Kafka client of this process say why it could not connect."""
    send = AIOKafkaConnection.send

    def send_noting(connection: AIOKafkaConnection, request: Any, expect_response: bool = True) -> Any:
        sent = send(connection, request, expect_response)
        # A broker that requires SASL or TLS may close the connection at the first request only.
        return sent if _noted.get() is None else _noting(connection.host, connection.port, sent)

    AIOKafkaConnection.send = send_noting
    client_module.create_conn = _create_noting
    AIOKafkaClient.bootstrap = _bootstrap_with_reason
    AIOKafkaClient._get_conn = _get_noting
    AIOKafkaClient.send = _send_with_reason
