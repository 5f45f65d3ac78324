"""The identity of the cluster and of its topics: an offset is valid only for one cluster id and one topic id.

aiokafka supports metadata requests up to version 5, which has no topic ids. Version 10 is added here with the
library's protocol types.
"""

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError, NodeNotReadyError, RequestTimedOutError, for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.metadata import MetadataRequest_v5
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)


@dataclass(frozen=True, slots=True)
class Identity:
    """The cluster id, and of each topic the id ("" when the broker has none) and the number of partitions."""

    cluster_id: str
    topic_ids: dict[str, str]
    partitions: dict[str, int] = field(default_factory=dict)


class _Uuid:
    """A UUID as 16 raw bytes."""

    @classmethod
    def decode(cls, data: Any) -> str:
        return str(uuid.UUID(bytes=data.read(16)))

    @classmethod
    def encode(cls, value: str) -> bytes:
        return uuid.UUID(value).bytes

    @classmethod
    def repr(cls, value: str) -> str:
        return value


_PARTITION = (
    ("error_code", Int16),
    ("partition", Int32),
    ("leader", Int32),
    ("leader_epoch", Int32),
    ("replicas", CompactArray(Int32)),
    ("isr", CompactArray(Int32)),
    ("offline_replicas", CompactArray(Int32)),
    ("tags", TaggedFields),
)


class _Response10(Response):  # type: ignore[misc]  # the client library ships no types
    API_KEY = 3
    API_VERSION = 10
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString("utf-8")),
                ("port", Int32),
                ("rack", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", CompactString("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("topic", CompactString("utf-8")),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                ("partitions", CompactArray(*_PARTITION)),
                ("topic_authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_authorized_operations", Int32),
        ("tags", TaggedFields),
    )


class _Request10(RequestStruct):  # type: ignore[misc]  # the client library ships no types
    API_KEY = 3
    API_VERSION = 10
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _Response10
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(("topic_id", _Uuid), ("topic", CompactString("utf-8")), ("tags", TaggedFields)),
        ),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class _IdentityRequest(Request[MetadataRequest_v5 | _Request10]):  # type: ignore[misc]  # no types
    API_KEY = 3

    def __init__(self, topics: Sequence[str]) -> None:
        self._topics = topics

    def build(self, request_struct_class: type[MetadataRequest_v5 | _Request10]) -> MetadataRequest_v5 | _Request10:
        if request_struct_class is _Request10:
            none = str(uuid.UUID(int=0))
            return _Request10([(none, topic, {}) for topic in self._topics], False, False, False, {})
        return MetadataRequest_v5(list(self._topics), False)


async def read_cluster_identity(client: AIOKafkaClient, topics: Sequence[str]) -> Identity:
    """Read the cluster id and the ids of these topics.

    Raises KafkaError, also when topics are missing: the error is the one of the first of them in the given order.
    """
    response = await _sent_to_any(client, _IdentityRequest(topics))
    # A broker answers in any order, and two requests in two orders.
    answers = {topic[1]: topic for topic in response.topics}
    topic_ids, partitions = {}, {}
    for name in topics:
        topic = answers[name]
        if error_code := topic[0]:
            raise for_code(error_code)(f"topic {name}")
        topic_ids[name] = topic[2] if response.API_VERSION >= 10 else ""
        partitions[name] = len(topic[4 if response.API_VERSION >= 10 else 3])
    return Identity(response.cluster_id or "", topic_ids, partitions)


async def _sent_to_any(client: AIOKafkaClient, request: _IdentityRequest) -> Any:
    """Return the response of any node, in random order: one that was just stopped is still in the client's list."""
    nodes = [node.nodeId for node in client.cluster.brokers()] or [None]
    random.shuffle(nodes)
    while True:
        try:
            return await client.send(nodes.pop(), request)
        except (NodeNotReadyError, KafkaConnectionError, RequestTimedOutError):
            if not nodes:
                raise
