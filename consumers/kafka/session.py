"""Short-lived sessions with the broker for the command line: publish records, follow topics."""

from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from consumers.kafka.client import connection
from service.settings import Settings

LINGER_MS = 5
"""How long a record may wait for company, as with the other clients of Kafka."""


class BrokerUnavailable(Exception):
    """The broker does not answer, or refuses; the message names its address."""


@asynccontextmanager
async def answered(settings: Settings) -> AsyncIterator[None]:
    """Raise BrokerUnavailable in place of the client library's errors."""
    try:
        yield
    except BrokenPipeError:
        # Of who reads our output, not of the broker: the client library tells broken connections in its own words.
        raise
    except (KafkaError, OSError, TimeoutError) as error:
        reported = str(error) or type(error).__name__
        raise BrokerUnavailable(f"Kafka at {settings.kafka_bootstrap_servers}: {reported}") from error


class Sender:
    """Publishes records, in the order of the calls for each key."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer

    async def send(
        self, topic: str, value: bytes | None, key: bytes | None = None, headers: Sequence[tuple[str, bytes]] = ()
    ) -> Awaitable[Any]:
        """Hand a record over (waits while the buffer is full); the answer, awaited, has `partition` and `offset`."""
        sent: Awaitable[Any] = await self._producer.send(topic, value, key=key, headers=list(headers))
        return sent

    async def send_again(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes | None]],
    ) -> None:
        """Publish a record just as it was, also one with neither key nor value (`send` refuses it), and see it there.

        It goes to its partition as long as the topic has that: other records of its key lie there, whoever sent them.
        """
        partitions = await self._producer.partitions_for(topic)
        batch = self._producer.create_batch()
        batch.append(timestamp=None, key=key, value=value, headers=list(headers))
        batch.close()
        await (await self._producer.send_batch(batch, topic, partition=partition % len(partitions)))


class Follower:
    """Reads all partitions of some topics from its place on."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer

    async def poll(self, seconds: float = 0.5) -> list[Any]:
        """The next consumer records, in order within a partition; none when there were none for so long."""
        polled = await self._consumer.getmany(timeout_ms=int(seconds * 1000))
        return [record for records in polled.values() for record in records]

    async def at_end(self) -> bool:
        """Whether all that was there a moment ago has been polled."""
        ends = await self._consumer.end_offsets(list(self._consumer.assignment()))
        for partition, end in ends.items():
            if await self._consumer.position(partition) < end:
                return False
        return True


@asynccontextmanager
async def publishing(settings: Settings) -> AsyncIterator[Sender]:
    """A publisher for as long as the block runs; all replicas acknowledge each record. Raises BrokerUnavailable."""
    async with answered(settings):
        producer = AIOKafkaProducer(
            **connection(settings),
            acks="all",
            enable_idempotence=settings.kafka_idempotent_producer,
            linger_ms=LINGER_MS,
            max_batch_size=262_144,
            # what is too large for the service shall reach it: it answers, the client library would only raise
            max_request_size=settings.max_body_bytes + 1_048_576,
        )
        try:
            await producer.start()
            yield Sender(producer)
        finally:
            await producer.stop()


@asynccontextmanager
async def following(
    settings: Settings, topics: Sequence[str], *, from_beginning: bool = False
) -> AsyncIterator[Follower]:
    """A follower outside any group, in its place before the block begins.

    It stands at the end (records from now on) or at the beginning. Raises BrokerUnavailable, also for a missing topic.
    """
    async with answered(settings):
        await _there(settings, topics)
        consumer = AIOKafkaConsumer(
            *topics,
            **connection(settings),
            enable_auto_commit=False,
            auto_offset_reset="earliest" if from_beginning else "latest",
            # The memory broker answers only when this is over, whatever came meanwhile.
            fetch_max_wait_ms=20,
        )
        try:
            await consumer.start()
            partitions = list(consumer.assignment())
            offsets = await (consumer.beginning_offsets if from_beginning else consumer.end_offsets)(partitions)
            # the client would look up "latest" only with its first fetch, and miss what came before that
            for partition, offset in offsets.items():
                consumer.seek(partition, offset)
            yield Follower(consumer)
        finally:
            await consumer.stop()


async def _there(settings: Settings, topics: Sequence[str]) -> None:
    """Refuse topics that are missing: the client would wait for them, or its question create them."""
    admin = AIOKafkaAdminClient(**connection(settings))
    try:
        await admin.start()
        missing = sorted(set(topics) - set(await admin.list_topics()))
    finally:
        await admin.close()
    if missing:
        raise BrokerUnavailable(
            f"Kafka at {settings.kafka_bootstrap_servers} has no topic {missing[0]}: "
            "run `producer-registry topics create`, or give another --topic-prefix"
        )
