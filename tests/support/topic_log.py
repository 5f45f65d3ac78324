"""Read whole topics, and the committed offsets of a consumer group."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from tests.support.checker.evidence import Seen

LONGEST = 64 * 1024 * 1024


async def read_topics(bootstrap: str, topics: Sequence[str]) -> list[Seen]:
    """Return every record of these topics, in order within each partition."""
    return [seen async for chunk in chunks(bootstrap, topics) for seen in chunk]


async def chunks(bootstrap: str, topics: Sequence[str]) -> AsyncIterator[list[Seen]]:
    """Yield the same records in parts."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        client_id="checker",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=100,
        fetch_max_bytes=LONGEST,
        max_partition_fetch_bytes=LONGEST,
    )
    await consumer.start()
    try:
        partitions = await _all_partitions(bootstrap, topics)
        consumer.assign(partitions)
        start, end = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
        remaining = {partition for partition in partitions if start[partition] < end[partition]}
        for partition in remaining:
            # The client would look up the first offset again, and begin at another one if that answer differs.
            consumer.seek(partition, 0)
        after: dict[TopicPartition, int] = {}
        while remaining:
            for partition, records in (await consumer.getmany(*remaining, timeout_ms=500)).items():
                found = [_seen(record) for record in records]
                _whole(found, after)
                yield found
                if await consumer.position(partition) >= _end(consumer, partition, end):
                    remaining.discard(partition)
    finally:
        await consumer.stop()


async def log_ends(bootstrap: str, topics: Sequence[str]) -> dict[TopicPartition, int]:
    """Return the end offset of each partition that has records."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, client_id="checker", enable_auto_commit=False, fetch_max_wait_ms=100
    )
    await consumer.start()
    try:
        partitions = await _all_partitions(bootstrap, topics)
        consumer.assign(partitions)
        end = await consumer.end_offsets(partitions)
        remaining = {partition for partition in partitions if end[partition]}
        found: dict[TopicPartition, int] = {}
        for partition in partitions:
            consumer.seek(partition, max(0, end[partition] - 1))
        while remaining:
            for partition in await consumer.getmany(*remaining, timeout_ms=500):
                found[partition.topic, partition.partition] = _end(consumer, partition, end)
                remaining.discard(partition)
        return found
    finally:
        await consumer.stop()


def _whole(records: Iterable[Seen], after: dict[TopicPartition, int]) -> None:
    """Check that offsets have no gap: nothing was deleted from these topics, so a gap means an incomplete read."""
    for seen in records:
        place = seen.topic, seen.partition
        assert seen.offset == after.get(place, 0), f"{place}: read {seen.offset} after {after.get(place, 0) - 1}"
        after[place] = seen.offset + 1


def _end(consumer: AIOKafkaConsumer, partition: TopicPartition, listed: Mapping[TopicPartition, int]) -> int:
    """Return the end of a partition. The embedded broker lists the start of its last batch; a fetch has the end."""
    return max(listed[partition], consumer.highwater(partition) or 0)


async def committed(bootstrap: str, group: str, topics: Sequence[str]) -> dict[TopicPartition, int]:
    """Return the next offset per partition that the group has committed."""
    # Not with the admin client: the embedded broker does not support its requests for offsets.
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, client_id="checker", group_id=group, enable_auto_commit=False
    )
    await consumer.start()
    try:
        found = {}
        for tp in await _all_partitions(bootstrap, topics):
            offset = await consumer.committed(tp)
            if offset is not None:
                found[tp.topic, tp.partition] = offset
        return found
    finally:
        await consumer.stop()


def of(records: Iterable[Seen], *topics: str) -> list[Seen]:
    """Return the records of these topics."""
    return [seen for seen in records if seen.topic in topics]


async def _all_partitions(bootstrap: str, topics: Sequence[str]) -> list[TopicPartition]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, client_id="checker")
    try:
        await admin.start()
        reported = {topic["topic"]: topic["partitions"] for topic in await admin.describe_topics()}
    finally:
        await admin.close()
    missing = set(topics) - reported.keys()
    assert not missing, f"topics {missing} do not exist"
    return [TopicPartition(topic, n) for topic in topics for n in sorted(p["partition"] for p in reported[topic])]


def _seen(record: Any) -> Seen:
    return Seen(
        record.topic,
        record.partition,
        record.offset,
        record.key,
        record.value,
        tuple(record.headers),
        record.timestamp,
    )
