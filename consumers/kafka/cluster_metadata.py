"""Cluster metadata as a producer has it: the partitions of a topic, and whether they have a leader."""

import asyncio
import contextlib

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import UnknownTopicOrPartitionError

METADATA_SECONDS = 5.0
ASK_SECONDS = 1.0


async def partition_count(producer: AIOKafkaProducer, topic: str) -> int:
    """Return the number of partitions of a topic, 0 when the broker says that it does not exist. Raises KafkaError."""
    with contextlib.suppress(UnknownTopicOrPartitionError, TimeoutError):
        async with asyncio.timeout(ASK_SECONDS):
            return len(await producer.partitions_for(topic))
    # The client library reports the same error when a starting broker does not answer. A second request distinguishes
    # the two cases.
    async with asyncio.timeout(METADATA_SECONDS):
        return len((await producer.client.fetch_all_metadata()).partitions_for_topic(topic) or ())


def has_leader(producer: AIOKafkaProducer, tp: tuple[str, int]) -> bool:
    """Return whether a partition has a leader, according to the last metadata."""
    return bool(producer.client.cluster.leader_for_partition(TopicPartition(*tp)) != -1)


async def refresh_metadata(producer: AIOKafkaProducer) -> bool:
    """Request the metadata again. Return whether a broker answered; if not, the metadata may be outdated."""
    async with asyncio.timeout(METADATA_SECONDS):
        return bool(await producer.client.force_metadata_update())
