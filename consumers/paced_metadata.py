"""A pause after a look at the cluster that did not help.

The client library looks again at once, without a pause, for as long as a partition has no leader: thousands of times
a second while a broker is away, or is just coming back on the same machine.
"""

import asyncio
from typing import Any

from aiokafka.client import AIOKafkaClient

_update = AIOKafkaClient._metadata_update


async def _update_and_pause(client: AIOKafkaClient, cluster: Any, topics: Any) -> bool:
    updated: bool = await _update(client, cluster, topics)
    # Other clusters than the client's own are looked at by callers who wait for one answer.
    if cluster is client.cluster and not (updated and _all_led(cluster)):
        await asyncio.sleep(client._retry_backoff)
    return updated


def _all_led(cluster: Any) -> bool:
    return all(place.leader != -1 for partitions in cluster._partitions.values() for place in partitions.values())


def pace_metadata() -> None:
    """Let every Kafka client of this process do so; there is no option for it."""
    AIOKafkaClient._metadata_update = _update_and_pause
