"""The layout of the cluster as a producer knows it: partitions of a topic, and whether they have a leader."""

import asyncio
import contextlib

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import UnknownTopicOrPartitionError

METADATA_SECONDS = 5.0
ASK_SECONDS = 1.0


async def partition_count(producer: AIOKafkaProducer, topic: str) -> int:
    """How many partitions the topic has, 0 when a broker says that there is no such topic; raises KafkaError."""
    with contextlib.suppress(UnknownTopicOrPartitionError, TimeoutError):
        async with asyncio.timeout(ASK_SECONDS):
            return len(await producer.partitions_for(topic))
    # No word from a broker that is just coming back looks the same to the client library: one more question tells.
    async with asyncio.timeout(METADATA_SECONDS):
        return len((await producer.client.fetch_all_metadata()).partitions_for_topic(topic) or ())


def has_leader(producer: AIOKafkaProducer, tp: tuple[str, int]) -> bool:
    """Whether a topic's partition has a leader, by the last metadata."""
    return bool(producer.client.cluster.leader_for_partition(TopicPartition(*tp)) != -1)


async def refresh_metadata(producer: AIOKafkaProducer) -> bool:
    """Ask for the layout of the cluster again; answers whether a broker answered: what was heard before may be old."""
    async with asyncio.timeout(METADATA_SECONDS):
        return bool(await producer.client.force_metadata_update())
