"""The state topics are read to the end that they had, also while others write to them."""

import asyncio

from aiokafka import AIOKafkaProducer

from consumers.kafka.state_topic import state_keys
from consumers.kafka.topic import create
from service.contract.topics import Topics
from service.settings import Settings

ENDLESS_SECONDS = 0.05


async def test_a_read_ends_while_others_write(kafka_bootstrap: str, topic_prefix: str) -> None:
    settings = Settings(kafka_bootstrap_servers=kafka_bootstrap, topic_prefix=topic_prefix, partitions=2)
    await create(settings)
    topic = Topics(topic_prefix).states["group"]
    producer = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap)
    await producer.start()
    for number in range(20):
        await producer.send_and_wait(topic, None, key=b"before-%d" % number)

    async def write() -> None:
        while True:
            await producer.send_and_wait(topic, None, key=b"meanwhile")
            await asyncio.sleep(ENDLESS_SECONDS)

    writing = asyncio.create_task(write())
    try:
        async with asyncio.timeout(30):
            keys = [key async for part in state_keys(settings) for _, key in part]
    finally:
        writing.cancel()
        await asyncio.wait((writing,))
        await producer.stop()
    assert {key for key in keys if key != b"meanwhile"} == {b"before-%d" % number for number in range(20)}
