"""Whether every partition of the topics has a leader that accepts requests.

Metadata do not tell: a broker lists a leader before its replica can serve requests, and brokers learn of it one after
the other.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import for_code
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.protocol.offset import OffsetRequest, OffsetResetStrategy

from consumers.kafka.client import connection
from consumers.kafka.session import answered
from service.contract.topic_plan import plan
from service.settings import Settings

# Values of the protocol: the replica of a consumer, the isolation level, and the leader of a partition without one.
CONSUMER: Final = -1
UNCOMMITTED: Final = 0
NOBODY: Final = -1

Partition = tuple[str, int]


async def missing_leaders(settings: Settings) -> list[str]:
    """Return the topics and partitions without a leader that accepts requests, each with the reason; empty if all have.

    All brokers must name the same leader, and it must answer a request for offsets, which only a leader accepts.
    Raises BrokerUnavailable.
    """
    topics = [topic.name for topic in plan(settings)]
    client = AIOKafkaClient(**connection(settings))
    async with answered(settings, "DESCRIBE"):
        try:
            await client.bootstrap()
            nodes = [broker.nodeId for broker in client.cluster.brokers()]
            # The request must not create a topic.
            request = MetadataRequest(topics, allow_auto_topic_creation=False)
            # One after the other: when one fails, no other one may still open a connection.
            leaders, missing = _leaders(topics, [await client.send(node, request) for node in nodes])
            for node, partitions in _by_leader(leaders):
                missing += await _refusals(client, node, partitions)
        finally:
            await client.close()
    return missing


def _leaders(topics: Iterable[str], views: Iterable[Any]) -> tuple[dict[Partition, int], list[str]]:
    """Return the leaders on which the metadata of all brokers agree, and the reasons why others are missing."""
    named: dict[Partition, set[int]] = defaultdict(set)
    listed = [
        {topic: (for_code(code).__name__ if code else "", partitions) for code, topic, _, partitions in view.topics}
        for view in views
    ]
    missing: dict[str, str] = {}
    for topic in topics:
        for known in listed or [{}]:
            problem, partitions = known.get(topic, ("unknown to a broker", ()))
            if problem:
                missing[topic] = problem
            for _, partition, node, *_ in partitions:
                named[topic, partition].add(node)
    leaders = {}
    for (topic, partition), nodes in named.items():
        if NOBODY in nodes:
            missing[f"{topic}:{partition}"] = "no leader"
        elif len(nodes) > 1:
            missing[f"{topic}:{partition}"] = f"brokers name the leaders {sorted(nodes)}"
        else:
            [leaders[topic, partition]] = nodes
    return leaders, [f"{where}: {reason}" for where, reason in missing.items()]


def _by_leader(leaders: dict[Partition, int]) -> list[tuple[int, dict[str, list[int]]]]:
    nodes: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for (topic, partition), node in leaders.items():
        nodes[node][topic].append(partition)
    return list(nodes.items())


async def _refusals(client: AIOKafkaClient, node: int, partitions: dict[str, list[int]]) -> list[str]:
    """Return the partitions for which this node does not accept a request that only a leader accepts."""
    wanted = [
        (topic, [(number, OffsetResetStrategy.LATEST) for number in numbers]) for topic, numbers in partitions.items()
    ]
    response = await client.send(node, OffsetRequest(CONSUMER, UNCOMMITTED, wanted))
    return [
        f"{topic}:{number}: {for_code(code).__name__}"
        for topic, answers in response.topics
        for number, code, *_ in answers
        if code
    ]
