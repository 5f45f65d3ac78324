"""On Apache Kafka, `dev` is ready when every partition has a leader that accepts requests."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from consumers.kafka.leader import missing_leaders
from service.contract.topics import Topics
from service.settings import Settings, load
from service.stack import port as ports
from service.stack.apache.cluster import Apache
from tests.support.broker_admin import broker_admin
from tests.support.dev import start_dev
from tests.support.ladder import running
from tests.support.process import health
from tests.support.topics import create_topics, leaders_missing
from tests.support.wait import eventually

LOST = 3
OFTEN = 20


@pytest.fixture(scope="module")
async def kafka() -> AsyncIterator[Apache]:
    """Three nodes, so that the controllers keep their quorum without one node."""
    kafka = Apache(nodes=3, settings={"offsets.topic.replication.factor": "1"})
    async with running(kafka):
        yield kafka


def settings_of(kafka: Apache, topic_prefix: str, partitions: int) -> Settings:
    """Return the settings of a registry without replicas."""
    return load({"kafka_bootstrap_servers": kafka.address, "topic_prefix": topic_prefix, "partitions": partitions})


async def test_partitions_accept_records_when_no_leader_is_missing(
    kafka: Apache, topic_prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_of(kafka, topic_prefix, 20)
    await create_topics(settings)
    caplog.set_level(logging.WARNING, logger="aiokafka")
    async with AIOKafkaProducer(bootstrap_servers=kafka.address) as producer:
        sent = [
            await producer.send(topic, b"1", key=b"1", partition=partition)
            for topic in Topics(topic_prefix).all()
            for partition in range(20)
        ]
        await asyncio.gather(*sent)
    assert "NotLeader" not in caplog.text
    assert "retrying" not in caplog.text


async def test_the_ready_line_waits_for_a_node_that_leads_a_partition(
    kafka: Apache, database_url: str, topic_prefix: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, logger="aiokafka")
    topics, settings = Topics(topic_prefix), settings_of(kafka, topic_prefix, 2)
    async with broker_admin(kafka.address) as admin:
        for topic in topics.all():
            # A topic that nothing reads or writes at the start depends on the lost node.
            await admin.create(topic, replicas={0: [1], 1: [LOST if topic == topics.dead_letters else 2]})
    await kafka.nodes[LOST - 1].stop(signal.SIGKILL, seconds=20)
    await leaders_missing(settings, [f"{topics.dead_letters}:1: no leader"])
    admin_port = ports.choose(0, server="the service", setting="")
    starting = asyncio.create_task(
        start_dev(
            tmp_path / "data",
            log=tmp_path / "log",
            database_url=database_url,
            kafka_bootstrap_servers=kafka.address,
            topic_prefix=topic_prefix,
            partitions=2,
            admin_port=admin_port,
        )
    )
    ready = 0

    async def often_ready() -> bool:
        nonlocal ready
        ready += await health(admin_port, "/readyz") == 200
        return ready >= OFTEN or starting.done()

    try:
        await eventually(often_ready, deadline=90, what="the readiness of the service")
        assert not starting.done()
    finally:
        await kafka.start()
        dev = await starting
        missing = await missing_leaders(settings)
        await dev.stop()
    assert missing == []
