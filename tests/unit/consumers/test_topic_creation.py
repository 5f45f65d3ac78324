"""A Kafka client that must not let the broker create topics."""

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.metadata import MetadataRequest, MetadataRequest_v4, MetadataResponse_v0

from consumers.kafka.aiokafka_workarounds import forbid_topic_creation


@pytest.mark.parametrize("forbidden", [True, False])
async def test_a_metadata_request_allows_topic_creation_only_if_it_is_not_forbidden(forbidden: bool) -> None:
    sent: list[MetadataRequest] = []

    class Connection:
        async def send(self, request: MetadataRequest) -> MetadataResponse_v0:
            sent.append(request)
            return MetadataResponse_v0([(1, "127.0.0.1", 1)], [(0, "events", [(0, 0, 1, [1], [1])])])

    async def connection(_node: object, **_: object) -> Connection:
        return Connection()

    client = AIOKafkaClient(bootstrap_servers="127.0.0.1:1")
    client.cluster.update_metadata(MetadataResponse_v0([(1, "127.0.0.1", 1)], []))
    client._get_conn = connection
    if forbidden:
        forbid_topic_creation(client)

    assert await client._metadata_update(client.cluster, ["events"])

    [request] = [request.build(MetadataRequest_v4) for request in sent]
    assert (request.topics, request.allow_auto_topic_creation) == (["events"], not forbidden)
