"""Short-lived connections to the broker for the command line: publish records, follow topics."""

import asyncio
from collections.abc import AsyncIterator, Generator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from consumers.kafka.client import connection
from consumers.kafka.permission import Operation, denied, lacks
from consumers.kafka.producer import start_producer
from consumers.kafka.visibility import Absent, Seen, look_up
from service.settings import Settings

LINGER_MS = 5
"""How long a record may wait until its batch is sent, as in other Kafka clients."""


class BrokerUnavailable(Exception):
    """The broker does not answer, or refuses a request. The message contains its address."""


@asynccontextmanager
async def answered(settings: Settings, operation: Operation) -> AsyncIterator[None]:
    """Raise BrokerUnavailable instead of the client library's errors; `operation` is what is done with the topics."""
    try:
        yield
    except BrokenPipeError:
        # This error comes from the reader of our output. The client library has its own errors for broken connections.
        raise
    except (KafkaError, OSError, TimeoutError) as error:
        reported = denied(error, operation) or str(error) or type(error).__name__
        raise BrokerUnavailable(f"Kafka at {settings.kafka_bootstrap_servers}: {reported}") from error


@contextmanager
def permitted(where: str, operation: Operation) -> Iterator[None]:
    """Raise BrokerUnavailable for a permission that is missing for this operation; leave other errors alone.

    A block that publishes and follows is within `answered` for both, which cannot tell what failed.
    """
    try:
        yield
    except KafkaError as error:
        if reason := denied(error, operation):
            raise BrokerUnavailable(f"Kafka at {where}: {reason}") from error
        raise


class Acknowledgement:
    """The result of a record, to be awaited; it has `partition` and `offset`."""

    __slots__ = ("_sent", "_where")

    def __init__(self, sent: asyncio.Future[Any], where: str) -> None:
        self._sent = sent
        self._where = where

    def done(self) -> bool:
        """Return whether the broker has answered."""
        return self._sent.done()

    def __await__(self) -> Generator[Any, Any, Any]:
        """Wait for the result. Raises BrokerUnavailable, KafkaError."""
        with permitted(self._where, "WRITE"):
            return (yield from self._sent.__await__())


class Sender:
    """Publishes records; records of one key keep the order of the calls."""

    def __init__(self, producer: AIOKafkaProducer, where: str) -> None:
        self._producer = producer
        self._where = where

    async def send(
        self, topic: str, value: bytes | None, key: bytes | None = None, headers: Sequence[tuple[str, bytes]] = ()
    ) -> Acknowledgement:
        """Add a record to the buffer, and wait while that is full. The awaited result has `partition` and `offset`."""
        with permitted(self._where, "WRITE"):
            sent = await self._producer.send(topic, value, key=key, headers=list(headers))
        return Acknowledgement(sent, self._where)

    async def send_again(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes | None]],
    ) -> None:
        """Publish an unchanged copy of a record and wait for the acknowledgement.

        Unlike `send`, this accepts records with neither key nor value. The record goes to its original partition if the
        topic still has it, because the other records of its key are there, for any partitioner of their sender.
        """
        with permitted(self._where, "WRITE"):
            partitions = await self._producer.partitions_for(topic)
            batch = self._producer.create_batch()
            batch.append(timestamp=None, key=key, value=value, headers=list(headers))
            batch.close()
            await (await self._producer.send_batch(batch, topic, partition=partition % len(partitions)))


class Follower:
    """Reads all partitions of some topics from a start position."""

    def __init__(self, consumer: AIOKafkaConsumer, where: str) -> None:
        self._consumer = consumer
        self._where = where
        self._listed: dict[TopicPartition, int] = {}
        self._ends: dict[TopicPartition, int] = {}

    async def poll(self, seconds: float = 0.5) -> list[Any]:
        """Return the next records, in order within a partition. Empty when none arrive within this many seconds."""
        with permitted(self._where, "READ"):
            polled = await self._consumer.getmany(timeout_ms=int(seconds * 1000))
        return [record for records in polled.values() for record in records]

    async def step_back(self) -> None:
        """Continue at the last record of each partition."""
        partitions = list(self._consumer.assignment())
        first = await self._consumer.beginning_offsets(partitions)
        for partition, end in (await self._consumer.end_offsets(partitions)).items():
            self._consumer.seek(partition, max(first[partition], end - 1))

    async def at_end(self) -> bool:
        """Return whether all records were polled that the topics had when this was first asked.

        Records that are written meanwhile do not count, so that it ends while others write.
        """
        if not self._listed:
            self._listed = await self._consumer.end_offsets(list(self._consumer.assignment()))
        for partition, listed in self._listed.items():
            # The embedded broker lists the start of its last batch as the end, but a fetch tells the end. Records of
            # open transactions are behind the last stable offset.
            fetched = self._consumer.last_stable_offset(partition)
            if fetched is None:
                return False
            end = self._ends.setdefault(partition, max(listed, fetched))
            if await self._consumer.position(partition) < end:
                return False
        return True


@asynccontextmanager
async def publishing(settings: Settings) -> AsyncIterator[Sender]:
    """Provide a publisher for the duration of the block; all replicas acknowledge each record.

    Raises BrokerUnavailable.
    """
    async with answered(settings, "WRITE"):
        options: dict[str, Any] = {
            **connection(settings),
            "acks": "all",
            "linger_ms": LINGER_MS,
            "max_batch_size": 262_144,
            # Bodies that are too large have to reach the service, which answers with a rejection.
            "max_request_size": settings.max_body_bytes + 1_048_576,
        }
        producer = await start_producer(
            settings, lambda idempotent: AIOKafkaProducer(**options, enable_idempotence=idempotent)
        )
        try:
            yield Sender(producer, settings.kafka_bootstrap_servers)
        finally:
            await producer.stop()


@asynccontextmanager
async def following(
    settings: Settings, topics: Sequence[str], *, from_beginning: bool = False
) -> AsyncIterator[Follower]:
    """Provide a follower that belongs to no group, positioned before the block begins.

    It starts at the end (new records only) or at the beginning. Raises BrokerUnavailable, also for a missing topic.
    """
    async with answered(settings, "READ"):
        await _require_topics(settings, topics)
        consumer = AIOKafkaConsumer(
            *topics,
            **connection(settings),
            enable_auto_commit=False,
            auto_offset_reset="earliest" if from_beginning else "latest",
            # What was aborted was never sent.
            isolation_level="read_committed",
            # The memory broker answers only after this time, even when records arrive earlier.
            fetch_max_wait_ms=20,
        )
        try:
            await consumer.start()
            partitions = list(consumer.assignment())
            offsets = await (consumer.beginning_offsets if from_beginning else consumer.end_offsets)(partitions)
            # The client would look up "latest" with its first fetch, and miss records published before that.
            for partition, offset in offsets.items():
                consumer.seek(partition, offset)
            yield Follower(consumer, settings.kafka_bootstrap_servers)
        finally:
            await consumer.stop()


async def existing(settings: Settings, topics: Iterable[str]) -> list[str]:
    """Return those of these topics that exist, or may exist but are hidden. Raises BrokerUnavailable."""
    async with answered(settings, "DESCRIBE"):
        states = await _looked_up(settings, list(topics))
    return [topic for topic, state in states.items() if state != "missing"]


async def _looked_up(settings: Settings, topics: Sequence[str]) -> dict[str, Seen | Absent]:
    admin = AIOKafkaAdminClient(**connection(settings))
    try:
        await admin.start()
        return await look_up(admin, topics)
    finally:
        await admin.close()


async def _require_topics(settings: Settings, topics: Sequence[str]) -> None:
    """Raise an error for missing topics: the client would wait for them, or its metadata request create them."""
    states = await _looked_up(settings, topics)
    where = f"Kafka at {settings.kafka_bootstrap_servers}"
    for topic, state in sorted(states.items()):
        if state == "hidden":
            raise BrokerUnavailable(f"{where}: {lacks('READ', f'the topic {topic}')}")
        if state == "missing":
            raise BrokerUnavailable(
                f"{where} has no topic {topic}: run `producer-registry topics create`, or give another --topic-prefix"
            )
