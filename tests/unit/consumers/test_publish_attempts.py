"""Several attempts to send a command: a refusal of the last one does not tell what became of the earlier ones."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import (
    CorruptRecordException,
    KafkaConnectionError,
    KafkaError,
    NotEnoughReplicasAfterAppendError,
    RequestTimedOutError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
from aiokafka.producer.message_accumulator import BatchBuilder, MessageBatch
from aiokafka.producer.sender import SendProduceReqHandler
from aiokafka.protocol.produce import ProduceResponse_v8

from consumers.kafka.command_publisher import CommandPublisher
from service.contract.sending import CommandRecord
from service.http.publisher import MaybePublished, NotPublished
from service.settings import Settings

RECORD = CommandRecord("registry.commands.v1", b"pc:4", b"{}", [])
PARTITION = TopicPartition(RECORD.topic, 0)


async def nothing() -> None:
    pass


class Broker:
    """What the sender of the client library calls; each attempt to send a batch has the next result."""

    def __init__(self, results: Sequence[KafkaError]) -> None:
        self.results = list(results)
        self._again: list[MessageBatch] = []
        client = SimpleNamespace(send=self._answer, force_metadata_update=lambda: None, _maybe_wait_metadata=nothing)
        self.sender = SimpleNamespace(
            client=client,
            refusal_seconds=0.0,
            _message_accumulator=SimpleNamespace(reenqueue=self._again.append),
            _retry_backoff=0.0,
            _request_timeout_ms=1000,
            _acks=-1,
            _txn_manager=None,
        )

    async def _answer(self, _node: int, _request: object) -> ProduceResponse_v8:
        result = self.results.pop(0)
        if isinstance(result, KafkaConnectionError):
            raise result
        return ProduceResponse_v8([(PARTITION.topic, [(0, result.errno, -1, -1, -1, [], None)])], 0)

    async def send(self, batch: MessageBatch) -> None:
        """Send a batch until it has a result."""
        self._again.append(batch)
        while self._again:
            # With 0, a refusal is reported at the first attempt that has one.
            self.sender.refusal_seconds = 0.0
            await SendProduceReqHandler(self.sender, {PARTITION: self._again.pop()}).do(0)


class Producer:
    """A producer with the batches and the attempts of the client library, and without a broker."""

    def __init__(self, broker: Broker) -> None:
        self.client = self._message_accumulator = self._sender = broker.sender
        self._broker = broker
        self.sending: asyncio.Task[None] | None = None

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    async def send(self, topic: str, value: bytes, key: bytes, headers: object) -> "asyncio.Future[Any]":
        batch = MessageBatch(PARTITION, BatchBuilder(16384, 0), 1000, 0)
        taken: asyncio.Future[Any] = batch.append(key, value, None)
        self.sending = asyncio.create_task(self._broker.send(batch))
        return taken


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([TopicAuthorizationFailedError()], NotPublished),
        ([UnknownTopicOrPartitionError()], NotPublished),
        ([KafkaConnectionError(), TopicAuthorizationFailedError()], MaybePublished),
        ([KafkaConnectionError(), UnknownTopicOrPartitionError()], MaybePublished),
        ([RequestTimedOutError(), UnknownTopicOrPartitionError()], MaybePublished),
        ([RequestTimedOutError(), CorruptRecordException()], MaybePublished),
        ([NotEnoughReplicasAfterAppendError()], MaybePublished),
    ],
    ids=lambda given: "-".join(type(one).__name__ for one in given) if isinstance(given, list) else given.__name__,
)
async def test_a_refusal_after_an_attempt_without_an_answer_does_not_say_that_nothing_was_published(
    results: list[KafkaError], expected: type[Exception]
) -> None:
    broker = Broker(results)
    publisher = CommandPublisher(Settings(kafka_idempotent_producer=False), lambda **_: Producer(broker))
    with pytest.raises(expected):
        await publisher.publish(RECORD, 30)
    assert not broker.results
    await publisher.close()
