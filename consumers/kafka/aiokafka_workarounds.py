"""Workarounds for faults and missing options of the Kafka client library aiokafka (0.14).

Each changes the library for the whole process, or for one client, when its function is called.

- `decode_any_header_name`: the library raises UnicodeDecodeError on a header name that is not UTF-8, in the middle of a
  fetch. The consumer then always fails at this record, and loses records it had read of other partitions. Kafka defines
  header names as strings, but brokers do not check. No public issue is known.
- `treat_closed_as_lost`: on uvloop a write to a closed transport raises RuntimeError, where asyncio only warns. The
  task that refreshes the metadata ends with that error, and a broker that moves is not found again.
  https://github.com/aio-libs/aiokafka/issues/1038
- `pace_metadata`: the library asks for metadata again without a pause as long as a partition has no leader: thousands
  of times a second while a broker restarts. https://github.com/aio-libs/aiokafka/issues/1155 is about the same missing
  back-off in the fetcher.
- `forbid_topic_creation`: metadata requests name topics and allow the broker to create them, which is the default of
  brokers. A misspelled topic would be created, and a message for an unknown topic would not be held. The Java client
  has the option `allow.auto.create.topics`; aiokafka has none, and no public issue is known.
"""

import asyncio
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any, SupportsIndex

from aiokafka import client as client_module
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.consumer import fetcher
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy


class _Name(bytes):
    """Bytes that decode without an error."""

    def decode(self, encoding: str = "utf-8", errors: str = "backslashreplace") -> str:
        """Decode the bytes; those that are not UTF-8 become escape sequences."""
        return super().decode(encoding, errors)


class _Buffer(bytearray):
    """A buffer whose slices decode without an error."""

    def __getitem__(self, where: SupportsIndex | slice) -> Any:
        piece = super().__getitem__(where)
        return _Name(piece) if isinstance(piece, bytearray) else piece


class _TolerantBatch(_DefaultRecordBatchPy):  # type: ignore[misc]  # the client library ships no types
    _buffer: Any

    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer = _Buffer(self._buffer)


class _Batch:
    """A record batch, read by the client library and, when that fails, by `_TolerantBatch`."""

    def __init__(self, batch: Any, raw: memoryview) -> None:
        self._batch = batch
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        try:
            return iter(list(self._batch))
        except UnicodeDecodeError:
            return iter(list(_TolerantBatch(self._raw)))

    def __next__(self) -> Any:
        return next(self._batch)


class TolerantRecords(_MemoryRecordsPy):  # type: ignore[misc]  # the client library ships no types
    """The record batches that a fetch returned for a partition."""

    def next_batch(self) -> Any:
        """Return the next batch, or None after the last one."""
        raw = self._next_slice
        batch = super().next_batch()
        return batch if batch is None or raw is None else _Batch(batch, raw)


def decode_any_header_name() -> None:
    """Let every consumer of this process accept header names that are not UTF-8; there is no option for it."""
    fetcher.MemoryRecords = TolerantRecords


_send = AIOKafkaConnection.send


def _send_or_close(connection: AIOKafkaConnection, request: Any, expect_response: bool = True) -> Any:
    try:
        return _send(connection, request, expect_response)
    except RuntimeError as error:
        connection.close(reason=CloseReason.CONNECTION_BROKEN)
        raise KafkaConnectionError(f"Connection at {connection.host}:{connection.port} ended: {error}") from error


def treat_closed_as_lost() -> None:
    """Let every Kafka client of this process treat a closed transport as a lost connection; it has no option."""
    AIOKafkaConnection.send = _send_or_close


_update = AIOKafkaClient._metadata_update


async def _update_with_backoff(client: AIOKafkaClient, cluster: Any, topics: Any) -> bool:
    updated: bool = await _update(client, cluster, topics)
    # Callers that pass another cluster object wait for a single answer: they must not be delayed.
    if cluster is client.cluster and not (updated and _all_have_leaders(cluster)):
        await asyncio.sleep(client._retry_backoff)
    return updated


def _all_have_leaders(cluster: Any) -> bool:
    return all(
        partition.leader != -1 for partitions in cluster._partitions.values() for partition in partitions.values()
    )


def pace_metadata() -> None:
    """Let every Kafka client of this process wait between metadata requests; there is no option for it."""
    AIOKafkaClient._metadata_update = _update_with_backoff


_forbidden: ContextVar[bool] = ContextVar("forbidden", default=False)


class _MetadataRequest(MetadataRequest):  # type: ignore[misc]  # the client library ships no types
    def __init__(self, topics: list[str] | None = None) -> None:
        super().__init__(topics, allow_auto_topic_creation=False if _forbidden.get() else None)


client_module.MetadataRequest = _MetadataRequest


def forbid_topic_creation(client: Any) -> None:
    """Let this client ask for metadata without creating topics; there is no option for it."""

    async def update(cluster: Any, topics: Any) -> bool:
        token = _forbidden.set(True)
        try:
            updated: bool = await type(client)._metadata_update(client, cluster, topics)
            return updated
        finally:
            _forbidden.reset(token)

    client._metadata_update = update
