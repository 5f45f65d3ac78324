"""A Kafka client that never lets the broker create a topic.

The client library names topics in its metadata requests and allows the broker to create them, which brokers do by
default. A message for a topic that does not exist would then not be held, and a misspelled name would create a topic.
"""

from contextvars import ContextVar
from typing import Any

from aiokafka import client as library
from aiokafka.protocol.metadata import MetadataRequest

_forbidden: ContextVar[bool] = ContextVar("forbidden", default=False)


class _Request(MetadataRequest):  # type: ignore[misc]  # the client library ships no types
    def __init__(self, topics: list[str] | None = None) -> None:
        super().__init__(topics, allow_auto_topic_creation=False if _forbidden.get() else None)


library.MetadataRequest = _Request


def create_no_topics(client: Any) -> None:
    """Let this client ask for metadata without creating topics; there is no option for it."""

    async def update(cluster: Any, topics: Any) -> bool:
        token = _forbidden.set(True)
        try:
            updated: bool = await type(client)._metadata_update(client, cluster, topics)
            return updated
        finally:
            _forbidden.reset(token)

    client._metadata_update = update
