"""State topics on Apache Kafka have the planned settings, and the log cleaner leaves one record of each key."""

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from consumers.kafka.topic import check
from service.contract.topic_plan import plan
from service.contract.topics import Topics
from service.settings import Settings
from service.stack.apache.cluster import Apache
from tests.support.broker_admin import broker_admin
from tests.support.ladder import running
from tests.support.topics import create_topics
from tests.support.wait import eventually

HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
async def kafka() -> AsyncIterator[Apache]:
    """A broker whose log cleaner looks often for something to clean."""
    kafka = Apache(settings={"log.cleaner.backoff.ms": "100"})
    async with running(kafka):
        yield kafka


async def test_a_compacted_state_topic_keeps_the_last_record_of_each_key(kafka: Apache, topic_prefix: str) -> None:
    settings = Settings(kafka_bootstrap_servers=kafka.address, topic_prefix=topic_prefix, partitions=1)
    await create_topics(settings)
    assert {finding.state for finding in await check(settings)} == {"right"}
    topic = Topics(topic_prefix).states["directory"]
    planned = next(one.configs for one in plan(settings) if one.name == topic)
    quick = {"segment.ms": "1000", "min.cleanable.dirty.ratio": "0.001"}
    async with broker_admin(kafka.address) as admin:
        await admin.configure(topic, **{name.replace(".", "_"): value for name, value in (planned | quick).items()})
    producer = AIOKafkaProducer(bootstrap_servers=kafka.address)
    await producer.start()
    # A record that is more than segment.ms newer begins a segment, and the segment before it can be cleaned.
    begin = int(time.time() * 1000) - 10 * HOUR_MS
    for number, (key, value) in enumerate([(b"role/a", b"1"), (b"role/b", b"1"), (b"role/a", b"2"), (b"role/z", b"1")]):
        await producer.send_and_wait(topic, value, key=key, timestamp_ms=begin + number * HOUR_MS)
    await producer.stop()

    async def compacted() -> bool:
        consumer = AIOKafkaConsumer(topic, bootstrap_servers=kafka.address, auto_offset_reset="earliest")
        await consumer.start()
        try:
            records = [(record.key, record.value) for _ in range(4) for record in await _some(consumer)]
        finally:
            await consumer.stop()
        return records == [(b"role/b", b"1"), (b"role/a", b"2"), (b"role/z", b"1")]

    await eventually(compacted, deadline=60, what="one record of each key")


async def _some(consumer: AIOKafkaConsumer) -> list[Any]:
    polled = await consumer.getmany(timeout_ms=300)
    return [record for records in polled.values() for record in records]
