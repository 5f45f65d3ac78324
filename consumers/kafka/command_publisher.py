"""Publish the commands of the HTTP API: one producer for all requests, and a new one after an error."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from consumers.kafka.aiokafka_workarounds import forbid_topic_creation
from consumers.kafka.client import connection
from consumers.kafka.close_within import close_within
from consumers.kafka.connection_error import reason_of
from consumers.kafka.permission import denied
from consumers.kafka.producer import start_producer
from consumers.relay.refusal import give_up_after, may_be_in_log, refusal_of
from service.contract.sending import CommandRecord
from service.http.publisher import Acknowledgement, MaybePublished, NotPublished
from service.log_condition import LogCondition
from service.settings import Settings
from service.telemetry import HTTP_PUBLISH_FAILURES, log, start_at_zero

REFUSAL_SECONDS: Final = 2.0
"""How long a refusal of the broker must last, except of a record or a topic."""

CLOSE_SECONDS: Final = 5.0
QUIET_SECONDS: Final = 10.0
"""Without a failure for this time, a publication that succeeds ends the condition in the log."""

_MAX_BATCH_BYTES: Final = 262_144
_ENVELOPE_BYTES: Final = 1_048_576

_log = log(__name__)


class CommandPublisher:
    """Publishes commands with acks=all. The producer starts with the first command."""

    def __init__(self, settings: Settings, make: Callable[..., AIOKafkaProducer] = AIOKafkaProducer) -> None:
        start_at_zero(HTTP_PUBLISH_FAILURES, ("not_published", "maybe_published"))
        self._settings = settings
        self._make = make
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._closing: set[asyncio.Task[bool]] = set()
        self._failing = LogCondition(
            _log, "http_command_not_confirmed", "http_commands_confirmed_again", quiet_seconds=QUIET_SECONDS
        )

    async def publish(self, record: CommandRecord, seconds: float) -> Acknowledgement:
        """Publish a command; see `service.http.publisher`."""
        try:
            acknowledged = await self._publish(record, seconds)
        except NotPublished as error:
            self._count("not_published", error)
            raise
        except MaybePublished as error:
            self._count("maybe_published", error)
            raise
        self._failing.ended()
        return acknowledged

    async def _publish(self, record: CommandRecord, seconds: float) -> Acknowledgement:
        sent: asyncio.Future[Any] | None = None
        producer: AIOKafkaProducer | None = None
        try:
            async with asyncio.timeout(seconds):
                producer = await self._started()
                sent = await producer.send(record.topic, record.value, key=record.key, headers=record.headers)
                sent.add_done_callback(_retrieve)
                # The record is sent even if this request ends.
                metadata = await asyncio.shield(sent)
        except (KafkaError, OSError, TimeoutError) as error:
            reason = denied(error, "WRITE", record.topic) or reason_of(error)
            if sent is None:
                # The client library has not taken the record.
                raise NotPublished(reason) from error
            if sent.done() and producer is not None:
                # An idempotent producer refuses all later records of the partition.
                self._discard(producer)
                refusal = refusal_of(error)
                if refusal is not None and refusal.kind in {"topic", "record"} and not may_be_in_log(error):
                    raise NotPublished(reason) from error
            raise MaybePublished(reason) from error
        return Acknowledgement(metadata.partition, metadata.offset)

    def _count(self, result: str, error: NotPublished | MaybePublished) -> None:
        HTTP_PUBLISH_FAILURES.labels(result).inc()
        # The response does not tell the caller why.
        self._failing.lasts(result=result, reason=str(error))

    async def close(self) -> None:
        """Publish what was taken, and close."""
        if self._producer is not None:
            self._discard(self._producer)
        if self._closing:
            await asyncio.wait(self._closing)

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                self._producer = await start_producer(self._settings, self._new)
            return self._producer

    def _new(self, idempotent: bool) -> AIOKafkaProducer:
        producer = self._make(
            **connection(self._settings),
            acks="all",
            enable_idempotence=idempotent,
            max_batch_size=_MAX_BATCH_BYTES,
            max_request_size=self._settings.max_body_bytes + _ENVELOPE_BYTES,
        )
        give_up_after(producer, REFUSAL_SECONDS)
        forbid_topic_creation(producer.client)
        return producer

    def _discard(self, producer: AIOKafkaProducer) -> None:
        """Close a producer in the background. It sends what it has; other requests may wait for that."""
        is_current = self._producer is producer
        if not is_current:
            return
        self._producer = None
        task = asyncio.create_task(close_within(producer.stop(), CLOSE_SECONDS))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def _retrieve(sent: "asyncio.Future[Any]") -> None:
    """Retrieve the result of a record, whose request may have ended: its error is not unhandled."""
    if not sent.cancelled():
        sent.exception()
