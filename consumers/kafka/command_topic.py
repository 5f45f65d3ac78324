"""The identity of the command topic as it is now, for readers of its offset marks."""

import asyncio
import time
from typing import Final

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from consumers.kafka.client import connection
from consumers.kafka.close_within import close_within
from consumers.kafka.cluster_identity import read_cluster_identity
from consumers.kafka.connection_error import reason_of
from consumers.kafka.permission import denied
from service.contract.topics import Topics
from service.log_condition import LogCondition
from service.settings import Settings
from service.store.offset_fence import Origin
from service.telemetry import log

MAX_AGE_SECONDS: Final = 1.0
"""How long an answer of the broker is used, also that it did not answer."""

ANSWER_SECONDS: Final = 2.0
CLOSE_SECONDS: Final = 1.0

_log = log(__name__)


class TopicIdentity:
    """Reads the identity of the command topic. The client connects when it is first needed, and after errors."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._topic = Topics(settings.topic_prefix).commands
        self._client: AIOKafkaClient | None = None
        self._origin: Origin | None = None
        self._read_at = float("-inf")
        self._unknown = LogCondition(_log, "command_topic_unknown", "command_topic_known_again")
        self._lock = asyncio.Lock()

    async def origin(self) -> Origin | None:
        """Return the cluster and the topic id; None when the broker does not answer or has no such topic."""
        async with self._lock:
            if time.monotonic() - self._read_at > MAX_AGE_SECONDS:
                self._origin = await self._read()
                self._read_at = time.monotonic()
            return self._origin

    async def close(self) -> None:
        """Close the client."""
        client, self._client = self._client, None
        if client is not None:
            await close_within(client.close(), CLOSE_SECONDS)

    async def _read(self) -> Origin | None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                if self._client is None:
                    self._client = AIOKafkaClient(**connection(self._settings))
                    await self._client.bootstrap()
                identity = await read_cluster_identity(self._client, [self._topic])
        except (KafkaError, OSError, TimeoutError) as error:
            await self.close()
            self._unknown.lasts(topic=self._topic, reason=denied(error, "DESCRIBE") or reason_of(error))
            return None
        except BaseException:
            await self.close()
            raise
        self._unknown.ended(topic=self._topic)
        return Origin(identity.cluster_id, identity.topic_ids)
