"""The number of records in topics from the ends of their logs; the embedded broker does not report them exactly."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from consumers.kafka.client import connection
from tests.load.servers import Registry


class LogEnds:
    """Counts the records of some topics with one request."""

    def __init__(self, consumer: Any, topics: Sequence[str], partitions: int) -> None:
        self._consumer = consumer
        self._topics = topics
        self._places = [TopicPartition(topic, number) for topic in topics for number in range(partitions)]

    async def each(self) -> list[int]:
        """Return the number of records in each topic."""
        ends: dict[TopicPartition, int] = await self._consumer.end_offsets(self._places)
        return [sum(end for place, end in ends.items() if place.topic == topic) for topic in self._topics]

    async def total(self) -> int:
        """Return the total."""
        return sum(await self.each())


@asynccontextmanager
async def log_ends(registry: Registry, topics: Sequence[str]) -> AsyncIterator[LogEnds]:
    """Connect to the broker."""
    consumer = AIOKafkaConsumer(**connection(registry.settings), enable_auto_commit=False)
    await consumer.start()
    try:
        yield LogEnds(consumer, topics, registry.settings.partitions)
    finally:
        await consumer.stop()
