"""Partitions without a leader that accepts requests are named with the reason."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import (
    KafkaConnectionError,
    LeaderNotAvailableError,
    NotLeaderForPartitionError,
    UnknownTopicOrPartitionError,
)
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.protocol.offset import OffsetRequest

from consumers.kafka import leader
from consumers.kafka.leader import missing_leaders
from consumers.kafka.session import BrokerUnavailable
from service.contract.topic_plan import plan
from service.settings import Settings

SETTINGS = Settings(kafka_bootstrap_servers="127.0.0.1:1", topic_prefix="t", partitions=2)
TOPICS = [topic.name for topic in plan(SETTINGS)]
FIRST, LAST = TOPICS[0], TOPICS[-1]


@dataclass
class StubClient:
    """Two brokers; `views` has their metadata (leaders by topic), `refused` the errors of leaders by partition."""

    views: dict[int, dict[str, list[int]]] = field(
        default_factory=lambda: {node: {topic: [1, 2] for topic in TOPICS} for node in (1, 2)}
    )
    codes: dict[tuple[int, str], int] = field(default_factory=dict)
    refused: dict[tuple[str, int], int] = field(default_factory=dict)
    asked: list[tuple[int, str, int]] = field(default_factory=list)
    gone: bool = False
    closed: bool = False

    @property
    def cluster(self) -> Any:
        return SimpleNamespace(brokers=lambda: [SimpleNamespace(nodeId=node) for node in self.views])

    async def bootstrap(self) -> None:
        if self.gone:
            raise KafkaConnectionError("gone")

    async def close(self) -> None:
        self.closed = True

    async def send(self, node: int, request: Any) -> Any:
        if isinstance(request, MetadataRequest):
            assert (request._topics, request._allow_auto_topic_creation) == (TOPICS, False)
            return SimpleNamespace(topics=[self._described(node, topic) for topic in self.views[node]])
        assert isinstance(request, OffsetRequest)
        assert request._replica_id == -1, "a consumer is answered by the leader only"
        answers: list[Any] = []
        for topic, partitions in request._topics:
            numbers = [number for number, _ in partitions]
            self.asked += [(node, topic, number) for number in numbers]
            answers.append((topic, [(number, self.refused.get((topic, number), 0), -1, 0) for number in numbers]))
        return SimpleNamespace(topics=answers)

    def _described(self, node: int, topic: str) -> Any:
        partitions: list[Any] = [(0, number, of, [1], [1], []) for number, of in enumerate(self.views[node][topic])]
        return self.codes.get((node, topic), 0), topic, False, partitions


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> StubClient:
    """The cluster that every client of the test reaches."""
    client = StubClient()
    monkeypatch.setattr(leader, "AIOKafkaClient", lambda **_: client)
    return client


async def test_every_leader_is_asked_for_every_partition(client: StubClient) -> None:
    assert await missing_leaders(SETTINGS) == []
    expected = [(node, topic, node - 1) for topic in TOPICS for node in (1, 2)]
    assert sorted(client.asked) == sorted(expected)
    assert client.closed


async def test_a_leader_that_refuses_is_named(client: StubClient) -> None:
    client.refused[LAST, 1] = NotLeaderForPartitionError.errno
    client.refused[FIRST, 0] = LeaderNotAvailableError.errno
    assert sorted(await missing_leaders(SETTINGS)) == sorted(
        [f"{FIRST}:0: LeaderNotAvailableError", f"{LAST}:1: NotLeaderForPartitionError"]
    )


async def test_a_topic_that_one_broker_does_not_know_is_named(client: StubClient) -> None:
    client.codes[2, FIRST] = UnknownTopicOrPartitionError.errno
    client.views[2][FIRST] = []
    del client.views[2][LAST]
    assert sorted(await missing_leaders(SETTINGS)) == sorted(
        [f"{FIRST}: UnknownTopicOrPartitionError", f"{LAST}: unknown to a broker"]
    )


async def test_a_partition_whose_leader_is_unknown_or_in_doubt_is_named(client: StubClient) -> None:
    client.views[1][FIRST] = client.views[2][FIRST] = [-1, 2]
    client.views[2][LAST] = [1, 1]
    assert await missing_leaders(SETTINGS) == [f"{FIRST}:0: no leader", f"{LAST}:1: brokers name the leaders [1, 2]"]
    assert (1, FIRST, 0) not in client.asked


async def test_a_cluster_that_names_no_broker_has_no_leader(client: StubClient) -> None:
    client.views = {}
    assert await missing_leaders(SETTINGS) == [f"{topic}: unknown to a broker" for topic in TOPICS]


async def test_a_broker_that_does_not_answer_is_reported(client: StubClient) -> None:
    client.gone = True
    with pytest.raises(BrokerUnavailable, match="gone"):
        await missing_leaders(SETTINGS)
    assert client.closed
