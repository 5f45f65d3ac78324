"""Start producers: idempotent ones, except on the embedded broker, which has none.

The embedded broker advertises InitProducerId, and answers it with the error -1. Apache Kafka can give the same answer
for a moment, so it switches idempotence off only when it repeats and the cluster id is that of an embedded broker.
"""

import asyncio
from collections.abc import Callable

from aiokafka import AIOKafkaProducer
from aiokafka.errors import UnknownError

from consumers.kafka.close_within import close_within
from consumers.kafka.cluster_identity import read_cluster_identity
from service.settings import Settings, variable
from service.stack.embedded_cluster import is_embedded
from service.telemetry import log

_log = log(__name__)

CLOSE_SECONDS = 5.0
ANSWER_SECONDS = 5.0

_reported: set[str] = set()
"""The clusters for which the warning was logged."""


async def start_producer(settings: Settings, make: Callable[[bool], AIOKafkaProducer]) -> AIOKafkaProducer:
    """Return a producer that was started; `make` makes one that is idempotent or not. Raises KafkaError and OSError."""
    if not settings.kafka_idempotent_producer:
        return await _started(make(False))
    try:
        return await _started(make(True))
    except _NoProducerId as first:
        if not is_embedded(first.cluster_id):
            raise first.error from None
    try:
        return await _started(make(True))
    except _NoProducerId as again:
        if not is_embedded(again.cluster_id):
            raise again.error from None
        cluster_id = again.cluster_id
    if cluster_id not in _reported:
        _reported.add(cluster_id)
        setting = f"{variable('kafka_idempotent_producer')}=false"
        reason = f"the embedded broker has no idempotent producers; {setting} avoids the attempt"
        _log.warning("idempotent_producer_off", cluster_id=cluster_id, reason=reason)
    return await _started(make(False))


class _NoProducerId(Exception):
    """The broker answered InitProducerId with the error -1."""

    def __init__(self, cluster_id: str, error: UnknownError) -> None:
        super().__init__(cluster_id)
        self.cluster_id = cluster_id
        self.error = error


async def _started(producer: AIOKafkaProducer) -> AIOKafkaProducer:
    try:
        try:
            await producer.start()
        except UnknownError as error:
            async with asyncio.timeout(ANSWER_SECONDS):
                identity = await read_cluster_identity(producer.client, ())
            raise _NoProducerId(identity.cluster_id, error) from error
    except BaseException:
        await close_within(producer.stop(), CLOSE_SECONDS)
        raise
    return producer
