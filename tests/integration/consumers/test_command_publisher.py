"""Commands of the HTTP API on a real broker: published once, or refused with what is known."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from consumers.kafka.command_publisher import CommandPublisher
from consumers.kafka.topic import create
from service.contract.sending import CommandRecord, command_event, command_record
from service.contract.topics import Topics
from service.http.publisher import NotPublished
from service.settings import Settings, load
from tests.support.ladder import Rung


@pytest.fixture
async def installation(kafka_bootstrap: str, topic_prefix: str, broker_rung: Rung) -> Settings:
    settings = load(
        {
            "kafka_bootstrap_servers": kafka_bootstrap,
            "kafka_idempotent_producer": broker_rung.is_apache,
            "topic_prefix": topic_prefix,
            "partitions": 2,
        }
    )
    await create(settings)
    return settings


def record(settings: Settings, identifier: str = "one") -> CommandRecord:
    event = command_event("user.update", {"name": "N"}, id=identifier, source="/http/ann", subject="ann")
    return command_record(event, Topics(settings.topic_prefix))


async def offsets(settings: Settings) -> list[int]:
    """Return the end of each partition of the command topic."""
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka_bootstrap_servers)
    await consumer.start()
    try:
        topic = Topics(settings.topic_prefix).commands
        ends = await consumer.end_offsets([TopicPartition(topic, n) for n in range(settings.partitions)])
        return [ends[tp] for tp in sorted(ends)]
    finally:
        await consumer.stop()


async def test_the_place_of_a_command_is_returned(installation: Settings) -> None:
    publisher = CommandPublisher(installation)
    places = [await publisher.publish(record(installation), 30) for _ in range(2)]
    assert [place.offset for place in places] == [0, 1]
    assert places[0].partition == places[1].partition
    await publisher.close()
    assert sum(await offsets(installation)) == 2


async def test_commands_of_many_requests_are_published_at_the_same_time(installation: Settings) -> None:
    publisher = CommandPublisher(installation)
    places = await asyncio.gather(*(publisher.publish(record(installation, str(n)), 30) for n in range(64)))
    assert len(set(places)) == 64
    await publisher.close()


async def test_nothing_is_published_without_a_broker(installation: Settings) -> None:
    publisher = CommandPublisher(installation.model_copy(update={"kafka_bootstrap_servers": "127.0.0.1:1"}))
    with pytest.raises(NotPublished):
        await publisher.publish(record(installation), 30)
    with pytest.raises(NotPublished):
        await publisher.publish(record(installation), 0.0)
    await publisher.close()


async def test_nothing_is_published_to_a_topic_that_does_not_exist(installation: Settings) -> None:
    publisher = CommandPublisher(installation)
    with pytest.raises(NotPublished):
        await publisher.publish(CommandRecord("nowhere", b"key", b"{}", []), 1)
    assert (await publisher.publish(record(installation), 30)).offset == 0
    await publisher.close()
