"""The identity of a cluster is the same in whichever order a broker names the topics."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import cast

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    NodeNotReadyError,
    RequestTimedOutError,
    UnknownTopicOrPartitionError,
)

from consumers.kafka.cluster_identity import Identity, read_cluster_identity

KNOWN, MISSING = 0, UnknownTopicOrPartitionError.errno
ORDERS = [("a", "b", "c"), ("c", "a", "b"), ("b", "c", "a")]


def client_of(answers: Sequence[tuple[object, ...]], *, stopped: Sequence[KafkaError] = ()) -> AIOKafkaClient:
    """A client of a broker that names the topics in this order; the first nodes of its list are stopped."""

    async def send(node: int, _request: object) -> SimpleNamespace:
        if node < len(stopped):
            raise stopped[node]
        return SimpleNamespace(topics=answers, cluster_id="cluster", API_VERSION=10)

    nodes = [SimpleNamespace(nodeId=number) for number in range(3)]
    return cast("AIOKafkaClient", SimpleNamespace(cluster=SimpleNamespace(brokers=lambda: nodes), send=send))


@pytest.mark.parametrize("order", ORDERS)
async def test_the_first_missing_topic_of_the_request_is_named(order: Sequence[str]) -> None:
    errors = {"a": KNOWN, "b": MISSING, "c": MISSING}
    client = client_of([(errors[name], name, f"id-{name}", False, []) for name in order])
    with pytest.raises(UnknownTopicOrPartitionError, match="topic b"):
        await read_cluster_identity(client, ["a", "b", "c"])


@pytest.mark.parametrize("order", ORDERS)
async def test_each_topic_has_its_own_id_and_partitions(order: Sequence[str]) -> None:
    client = client_of([(KNOWN, name, f"id-{name}", False, [0] * ord(name)) for name in order])
    identity = await read_cluster_identity(client, ["a", "b", "c"])
    ids, partitions = {name: f"id-{name}" for name in "abc"}, {name: ord(name) for name in "abc"}
    assert identity == Identity("cluster", ids, partitions)


STOPPED = (NodeNotReadyError("refused"), KafkaConnectionError("closed"), RequestTimedOutError("silent"))


async def test_any_node_that_answers_is_enough() -> None:
    client = client_of([(KNOWN, "a", "id-a", False, [])], stopped=STOPPED[:2])
    # The nodes are asked in random order.
    for _ in range(20):
        assert (await read_cluster_identity(client, ["a"])).cluster_id == "cluster"


async def test_an_error_of_the_last_node_is_raised_if_none_answers() -> None:
    with pytest.raises((NodeNotReadyError, KafkaConnectionError, RequestTimedOutError)):
        await read_cluster_identity(client_of([], stopped=STOPPED), ["a"])
