"""Which topics exist, as far as the Kafka user may see them: a broker lists no topic without DESCRIBE."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import TopicAuthorizationFailedError, for_code
from aiokafka.protocol.metadata import MetadataRequest

Absent = Literal["missing", "hidden"]
"""A topic that does not exist, or one that the Kafka user may not see, whether it exists or not."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The number of partitions of a topic, and the lowest number of replicas of a partition."""

    partitions: int
    replication: int


async def look_up(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, Seen | Absent]:
    """Return what the broker says about each topic. The request creates none. Raises KafkaError."""
    # Only a request that names the topics distinguishes a hidden one from a missing one.
    answer = await admin._send_request(MetadataRequest(list(names), allow_auto_topic_creation=False))
    return {topic["topic"]: _state(topic) for topic in answer.to_object()["topics"]}


def _state(topic: dict[str, object]) -> Seen | Absent:
    error = for_code(topic["error_code"])
    if error is TopicAuthorizationFailedError:
        return "hidden"
    partitions = topic["partitions"]
    if topic["error_code"] or not isinstance(partitions, list):
        return "missing"
    return Seen(len(partitions), min((len(partition["replicas"]) for partition in partitions), default=0))
