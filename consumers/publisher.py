"""Sending outbox messages in order: one produce batch per partition, each waited for, a new producer after any failure.

The client library's idempotent producer wedges: once a broker has refused a batch for good, every later one of that
partition is out of order for ever. So it is thrown away with everything it still has in hand.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, UnknownTopicOrPartitionError

from consumers.client import connection
from consumers.letting_go import let_go
from consumers.partition import partitions_of
from service.contract.message import Message
from service.failpoint import passing
from service.settings import Settings
from service.telemetry import PUBLISHED, log

_log = log(__name__)

BATCH_BYTES = 512 * 1024
SEND_SECONDS = 30.0
CLOSE_SECONDS = 5.0
METADATA_SECONDS = 5.0

Place = tuple[str, int]


class PublishFailed(Exception):
    """Not everything was sent; `sent` are the indexes of what the broker has acknowledged."""

    def __init__(self, sent: set[int], error: BaseException | None) -> None:
        super().__init__(f"{type(error).__name__}: {error}" if error else "no answer in time")
        self.sent = sent


class Publisher:
    """Sends messages with a producer of its own, made when it is needed."""

    def __init__(self, settings: Settings, make: Callable[..., AIOKafkaProducer] = AIOKafkaProducer) -> None:
        self._options: dict[str, Any] = {
            **connection(settings),
            "acks": "all",
            "enable_idempotence": settings.kafka_idempotent_producer,
            "max_batch_size": BATCH_BYTES,
            "max_request_size": 16 * BATCH_BYTES,
        }
        self._make = make
        self._producer: AIOKafkaProducer | None = None
        self._single: set[str] = set()
        self._stuck: set[tuple[str, bytes | None]] = set()
        self._missing: set[str] = set()

    @property
    def held_back(self) -> str | None:
        """What is left out of sending, for operators; None when nothing is."""
        words = []
        if self._missing:
            words.append(f"topics that do not exist: {', '.join(sorted(self._missing))}")
        if self._stuck:
            topics = ", ".join(sorted({topic for topic, _ in self._stuck}))
            words.append(f"{len(self._stuck)} keys with a message longer than its topic takes: {topics}")
        return "; ".join(words) or None

    def try_all(self) -> None:
        """Leave nothing out any more."""
        self._stuck.clear()
        self._missing.clear()

    async def send(self, messages: Sequence[Message]) -> set[int]:
        """Send in order per partition and wait for the broker's word; answers the indexes of those it has.

        Messages that are `held_back`, and all that follow them under their key, are left out without an error. Raises
        PublishFailed; what was sent without an answer may still be there, and then is twice there.
        """
        try:
            producer = await self._ready()
            places = await self._places(producer, messages)
        except (KafkaError, OSError) as error:
            await self._abandon()
            raise PublishFailed(set(), error) from error
        passing("mid_publish")
        sent: set[int] = set()
        tasks = [
            asyncio.create_task(self._send_place(producer, place, indexes, messages, sent))
            for place, indexes in places.items()
        ]
        try:
            done, late = await asyncio.wait(tasks, timeout=SEND_SECONDS) if tasks else (set(), set())
        finally:
            for task in tasks:
                task.cancel()
        errors = [trouble for task in done if (trouble := task.exception()) is not None]
        if errors or late:
            await self._abandon()
            raise PublishFailed(sent, errors[0] if errors else None)
        passing("after_publish")
        return sent

    async def close(self) -> None:
        """Give the producer up; nothing may be in flight."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await let_go(producer.stop(), CLOSE_SECONDS)

    async def abort(self) -> None:
        """Give the producer up with everything it has in hand."""
        await self._abandon()

    async def _ready(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = self._make(**self._options)
            try:
                await producer.start()
            except BaseException:
                await let_go(producer.stop(), CLOSE_SECONDS)
                raise
            self._producer = producer
        return self._producer

    async def _places(self, producer: AIOKafkaProducer, messages: Sequence[Message]) -> dict[Place, list[int]]:
        """Indexes of the messages by topic and partition, in order."""
        topics = {message.topic for message in messages} - self._missing
        counts = dict(zip(topics, await asyncio.gather(*(_count(producer, topic) for topic in topics)), strict=True))
        self._missing.update(topic for topic, count in counts.items() if count == 0)
        stuck, missing = self._stuck, self._missing
        by_topic: dict[str, list[int]] = {}
        for index, message in enumerate(messages):
            if (stuck or missing) and (message.topic in missing or (message.topic, message.key) in stuck):
                continue
            by_topic.setdefault(message.topic, []).append(index)
        places: dict[Place, list[int]] = {}
        for topic, indexes in by_topic.items():
            keys = [messages[index].key for index in indexes]
            shards = [messages[index].shard for index in indexes]
            for index, partition in zip(indexes, partitions_of(keys, shards, counts[topic]), strict=True):
                places.setdefault((topic, partition), []).append(index)
        return places

    async def _send_place(
        self,
        producer: AIOKafkaProducer,
        place: Place,
        indexes: Sequence[int],
        messages: Sequence[Message],
        sent: set[int],
    ) -> None:
        topic, partition = place
        start = 0
        while start < len(indexes):
            builder = producer.create_batch()
            end = start
            most = start + 1 if topic in self._single else len(indexes)
            while end < most:
                message = messages[indexes[end]]
                key, value, headers = message.key, message.payload, message.headers
                if builder.append(timestamp=None, key=key, value=value, headers=headers) is None:
                    break
                end += 1
            builder.close()
            try:
                # Each batch is waited for: the next must not overtake one that failed.
                await (await producer.send_batch(builder, topic, partition=partition))
            except MessageSizeTooLargeError:
                self._too_large(messages[indexes[start]], end - start)
                raise
            sent.update(indexes[start:end])
            PUBLISHED.labels(topic).inc(end - start)
            start = end

    def _too_large(self, first: Message, count: int) -> None:
        if count > 1:
            # The topic takes less than a whole batch; then one message after the other.
            self._single.add(first.topic)
        else:
            self._stuck.add((first.topic, first.key))
            _log.error(
                "message_longer_than_topic_takes", topic=first.topic, type=first.type, id=first.id, bytes=first.size()
            )

    async def _abandon(self) -> None:
        producer, self._producer = self._producer, None
        if producer is None:
            return
        # In this order nothing in hand is waited for or tried again: batches fail, connections close, the sender ends.
        producer._message_accumulator.fail_all(KafkaError("the producer was given up"))
        await let_go(producer.client.close(), CLOSE_SECONDS)
        # Its sender may stumble over a batch that was failed while on its way (KeyError); nothing of it is left.
        await let_go(producer.stop(), CLOSE_SECONDS)


async def _count(producer: AIOKafkaProducer, topic: str) -> int:
    """How many partitions the topic has, 0 when a broker says that there is no such topic; raises KafkaError."""
    with contextlib.suppress(UnknownTopicOrPartitionError, TimeoutError):
        async with asyncio.timeout(METADATA_SECONDS):
            return len(await producer.partitions_for(topic))
    # No word from a broker that is just coming back looks the same to the client library: one more question tells.
    async with asyncio.timeout(METADATA_SECONDS):
        return len((await producer.client.fetch_all_metadata()).partitions_for_topic(topic) or ())
