"""A Kafka client that finds no broker, or no leader."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.cluster import ClusterMetadata
from aiokafka.protocol.metadata import MetadataResponse_v0

from consumers.kafka import aiokafka_workarounds
from consumers.kafka.aiokafka_workarounds import pace_metadata


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The requested pauses; none of them takes time."""
    made: list[float] = []

    async def sleep(seconds: float) -> None:
        made.append(seconds)

    monkeypatch.setattr(aiokafka_workarounds, "asyncio", SimpleNamespace(sleep=sleep))
    pace_metadata()
    return made


def _client(answer: Callable[[], object]) -> AIOKafkaClient:
    class Connection:
        async def send(self, _request: object) -> object:
            return answer()

    async def connection(_node: object, **_: object) -> Connection | None:
        return Connection() if answer() else None

    client = AIOKafkaClient(bootstrap_servers="127.0.0.1:1", retry_backoff_ms=70)
    client.cluster.update_metadata(MetadataResponse_v0([(1, "127.0.0.1", 1)], []))
    client._get_conn = connection
    return client


def _reported(leader: int) -> MetadataResponse_v0:
    return MetadataResponse_v0([(1, "127.0.0.1", 1)], [(0, "events", [(0, 0, leader, [1], [1])])])


async def _looked_at(client: AIOKafkaClient) -> bool:
    looking = asyncio.create_task(client._md_synchronizer())
    try:
        updated: bool = await client.force_metadata_update()
        return updated
    finally:
        looking.cancel()
        await asyncio.wait((looking,))


async def test_an_unanswered_metadata_request_is_followed_by_a_pause(pauses: list[float]) -> None:
    assert not await _looked_at(_client(lambda: None))
    assert pauses == [0.07]


async def test_metadata_with_a_leaderless_partition_are_followed_by_a_pause(pauses: list[float]) -> None:
    assert await _looked_at(_client(lambda: _reported(-1)))
    assert pauses == [0.07]


async def test_metadata_with_all_leaders_are_not_followed_by_a_pause(pauses: list[float]) -> None:
    assert await _looked_at(_client(lambda: _reported(1)))
    assert pauses == []


async def test_a_caller_with_its_own_cluster_object_is_not_delayed(pauses: list[float]) -> None:
    client = _client(lambda: _reported(-1))
    assert isinstance(await client.fetch_all_metadata(), ClusterMetadata)
    assert pauses == []
