"""Topics that refuse records because a node is down: without a leader, or with too few in-sync replicas.

This needs several nodes: Kafka caps the required in-sync replicas at the replicas of a topic, so a topic with one
replica accepts every write while its node runs.
"""

import logging
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from service.stack.apache.cluster import Apache
from tests.support.broker_admin import BrokerAdmin, broker_admin
from tests.support.ladder import running
from tests.support.refusals import topic_held_and_released
from tests.support.registry import Registry, registry_settings
from tests.support.replies import Replies

LOST = 3


@pytest.fixture(autouse=True)
def quiet_clients(caplog: pytest.LogCaptureFixture) -> None:
    """Suppress the log of the test's own clients about the lost node, which has thousands of lines."""
    caplog.set_level(logging.CRITICAL, logger="aiokafka")


@pytest.fixture(scope="module")
async def kafka() -> AsyncIterator[Apache]:
    """Three nodes, so that the controllers keep their quorum without one node."""
    kafka = Apache(nodes=3)
    async with running(kafka):
        yield kafka


@pytest.fixture
async def admin(kafka: Apache) -> AsyncIterator[BrokerAdmin]:
    """An administrator of the broker; every node runs before and after the test."""
    async with broker_admin(kafka.address) as admin:
        yield admin
    await kafka.start()


@pytest.fixture
async def other(topic_prefix: str, admin: BrokerAdmin) -> str:
    """A reply topic that does not depend on the lost node."""
    topic = f"{topic_prefix}-other"
    await admin.create(topic, replicas={0: [1, 2]}, min_insync_replicas="1")
    return topic


@pytest.fixture
async def registry(kafka: Apache, database_url: str, topic_prefix: str, tmp_path: Path) -> AsyncIterator[Registry]:
    """A registry whose own topics have a replica on each node."""
    settings = registry_settings(database_url, kafka.address, topic_prefix, tmp_path, idempotent=True)
    async with Registry({**settings, "replication": len(kafka.nodes)}, tmp_path).open() as registry:
        yield registry


async def test_only_a_topic_without_a_leader_is_held_until_its_node_is_back(
    kafka: Apache, replies: Replies, admin: BrokerAdmin, refused: str, other: str
) -> None:
    await admin.create(refused, replicas={0: [LOST]})
    await known(replies, refused)
    await kafka.nodes[LOST - 1].stop(signal.SIGKILL, seconds=20)
    await topic_held_and_released(replies, refused, other, kafka.start)


async def test_only_a_topic_with_too_few_replicas_is_held_until_it_requires_fewer(
    kafka: Apache, replies: Replies, admin: BrokerAdmin, refused: str, other: str
) -> None:
    await admin.create(refused, replicas={0: [1, LOST]}, min_insync_replicas="2")
    await known(replies, refused)
    await kafka.nodes[LOST - 1].stop(signal.SIGKILL, seconds=20)
    await topic_held_and_released(replies, refused, other, lambda: admin.configure(refused, min_insync_replicas="1"))


async def known(replies: Replies, topic: str) -> None:
    """Let the producer learn the topic while the topic accepts records."""
    await replies.ask("before", to=topic)
    await replies.follow(topic)
    await replies.neighbours()
