"""Send outbox messages in order: one produce batch per partition at a time, and a new producer after any failure.

The client library's idempotent producer wedges: once the broker has finally refused a batch, every later batch of the
partition fails as out of order. Therefore the producer is discarded with all its unsent messages. A publisher of held
messages expects refusals: its producer is not idempotent, does not wedge, and finds the record at fault.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from consumers.kafka.aiokafka_workarounds import forbid_topic_creation
from consumers.kafka.client import connection
from consumers.kafka.close_within import close_within
from consumers.kafka.cluster_metadata import has_leader, partition_count, refresh_metadata
from consumers.kafka.partitioner import partitions_of
from consumers.kafka.producer import start_producer
from consumers.relay.lease import Lease, send_while_valid
from consumers.relay.refusal import LEADERLESS, give_up_after, refusal_of
from consumers.relay.refusals import Refusals
from consumers.relay.report import Report
from service.contract.message import Message
from service.contract.topics import Topics
from service.failpoint import passing
from service.settings import Settings
from service.telemetry import PUBLISH_FAILURES, PUBLISHED, start_at_zero

BATCH_BYTES = 512 * 1024
SEND_SECONDS = 30.0
CLOSE_SECONDS = 5.0


class Publisher:
    """Sends messages with its own producer, created when needed. `held` is for messages that were refused before."""

    def __init__(
        self,
        settings: Settings,
        make: Callable[..., AIOKafkaProducer] = AIOKafkaProducer,
        *,
        held: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        topics = {*Topics(settings.topic_prefix).published(states=settings.state_topics), *settings.reply_topics}
        start_at_zero(PUBLISHED, topics)
        start_at_zero(PUBLISH_FAILURES, topics)
        self._options: dict[str, Any] = {
            **connection(settings),
            "acks": "all",
            "max_batch_size": BATCH_BYTES,
            "max_request_size": 16 * BATCH_BYTES,
        }
        # Held messages are expected to be refused, after which an idempotent producer wedges.
        self._settings = settings.model_copy(update={"kafka_idempotent_producer": False}) if held else settings
        self._make = make
        self._held = held
        self._refusals = Refusals(held=held, monotonic=monotonic)
        self._producer: AIOKafkaProducer | None = None
        self.lease: Lease | None = None
        """Without a valid one nothing is sent; None for a publisher that always may send."""

    def lift_refusals(self, partitions: set[tuple[str, int]]) -> None:
        """Try these partitions again, because another publisher was able to send to them."""
        self._refusals.lift(partitions)

    def try_all(self) -> None:
        """Try all partitions again, with full batches."""
        self._refusals.clear()

    async def send(self, messages: Sequence[Message]) -> Report:
        """Send in order per partition and wait for the broker's answers.

        A message without an answer may have been written, and is duplicated when it is sent again. A message behind one
        of its partition that was not sent is not sent either, unless the broker refused the earlier one.
        """
        report = Report()
        await self._send(messages, report)
        if len(report.sent) < len(messages):
            for topic in {message.topic for message in messages if message.position not in report.sent}:
                PUBLISH_FAILURES.labels(topic).inc()
        return report

    async def _send(self, messages: Sequence[Message], report: Report) -> None:
        try:
            producer = await self._ready()
            by_partition = await self._by_partition(producer, messages, report)
        except (KafkaError, OSError, TimeoutError) as error:
            await self._abandon()
            report.error = error
            return
        passing("mid_publish")
        tasks = [asyncio.create_task(self._send_partition(producer, *tp, report)) for tp in by_partition.items()]
        try:
            done, late = await asyncio.wait(tasks, timeout=SEND_SECONDS) if tasks else (set(), set())
        finally:
            for task in tasks:
                task.cancel()
        if late:
            report.error = TimeoutError("no answer in time")
        # Every result is retrieved, so that no error is lost.
        good = [task.result() for task in done]
        if late or not all(good):
            await self._abandon()
        else:
            passing("after_publish")

    async def close(self) -> None:
        """Close the producer; no message may be in flight."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await close_within(producer.stop(), CLOSE_SECONDS)

    async def abort(self) -> None:
        """Discard the producer with all its unsent messages."""
        await self._abandon()

    async def _ready(self) -> AIOKafkaProducer:
        if self._producer is None:
            self._producer = await start_producer(self._settings, self._new)
        return self._producer

    def _new(self, idempotent: bool) -> AIOKafkaProducer:
        producer = self._make(**self._options, enable_idempotence=idempotent)
        give_up_after(producer, self._refusals.seconds)
        forbid_topic_creation(producer.client)
        if self.lease is not None:
            send_while_valid(producer.client, self.lease)
        return producer

    async def _by_partition(
        self, producer: AIOKafkaProducer, messages: Sequence[Message], report: Report
    ) -> dict[tuple[str, int], list[Message]]:
        """Return the messages by topic and partition, in order, without refused and leaderless partitions."""
        by_topic: dict[str, list[Message]] = {}
        for message in messages:
            by_topic.setdefault(message.topic, []).append(message)
        topics = [topic for topic in by_topic if (topic, None) not in self._refusals]
        counts = dict(zip(topics, await asyncio.gather(*(self._count(producer, t) for t in topics)), strict=True))
        by_partition: dict[tuple[str, int], list[Message]] = {}
        for topic, alike in by_topic.items():
            if not (count := counts.get(topic, 0)):
                self._refusals.leave_out((topic, None), alike, report)
                continue
            keys, shards = [m.key for m in alike], [m.shard for m in alike]
            for message, partition in zip(alike, partitions_of(keys, shards, count), strict=True):
                by_partition.setdefault((topic, partition), []).append(message)
        refused = [tp for tp in by_partition if tp in self._refusals]
        leaderless = [tp for tp in by_partition if tp not in self._refusals and not has_leader(producer, tp)]
        if leaderless and not await refresh_metadata(producer):
            raise KafkaConnectionError("no broker answered a metadata request")
        for tp in leaderless:
            self._refusals.observe(tp, LEADERLESS)
        for tp in (*refused, *leaderless):
            self._refusals.leave_out(tp, by_partition.pop(tp), report)
        return by_partition

    async def _count(self, producer: AIOKafkaProducer, topic: str) -> int:
        """Return the number of partitions of a topic, 0 when it is unknown or forbidden. Raises KafkaError."""
        try:
            count = await partition_count(producer, topic)
        except TopicAuthorizationFailedError as error:
            self._refusals.observe((topic, None), refusal_of(error))
            return 0
        if count == 0:
            self._refusals.observe((topic, None), refusal_of(UnknownTopicOrPartitionError()))
        else:
            self._refusals.accepted((topic, None))
        return count

    async def _send_partition(
        self, producer: AIOKafkaProducer, tp: tuple[str, int], messages: list[Message], report: Report
    ) -> bool:
        """Send the messages of a partition, batch by batch. Return whether the producer is still usable."""
        todo, most = messages, len(messages)
        while todo:
            count, error = await self._send_batch(producer, tp, todo[:most])
            batch, todo = todo[:count], todo[count:]
            if error is None:
                report.sent.update(message.position for message in batch)
                report.accepted.add(tp)
                self._refusals.accepted(tp)
                PUBLISHED.labels(tp[0]).inc(count)
                most *= 2
                continue
            refusal = self._refusals.classify(tp, batch, todo, error, report)
            if refusal is None or not self._held:
                return False
            if refusal.kind != "record":
                return True
            if count > 1:
                # The record at fault is in this batch: find it by halving.
                most, todo = count // 2, [*batch, *todo]
            else:
                todo = [message for message in todo if message.key is None or message.key != batch[0].key]
        return True

    async def _send_batch(
        self, producer: AIOKafkaProducer, tp: tuple[str, int], messages: Sequence[Message]
    ) -> tuple[int, BaseException | None]:
        """Send as many of the first messages as fit in a batch. Return their number, and the error if there is one."""
        topic, partition = tp
        limit = self._refusals.batch_bytes(topic)
        builder = producer.create_batch()
        count = size = 0
        for message in messages:
            if limit is not None and (size := size + message.size()) > limit and count:
                break
            key, value, headers = message.key, message.payload, message.headers
            if builder.append(timestamp=None, key=key, value=value, headers=headers) is None:
                break
            count += 1
        builder.close()
        try:
            # Wait for each batch: the next one must not overtake one that failed.
            await (await producer.send_batch(builder, topic, partition=partition))
        except (KafkaError, OSError, TimeoutError) as error:
            return count, error
        return count, None

    async def _abandon(self) -> None:
        producer, self._producer = self._producer, None
        if producer is None:
            return
        # In this order no message is awaited or retried: batches fail, connections close, the sender ends.
        producer._message_accumulator.fail_all(KafkaError("the producer was discarded"))
        await close_within(producer.client.close(), CLOSE_SECONDS)
        # The sender may raise KeyError for a batch that was failed while in flight; close_within logs it.
        await close_within(producer.stop(), CLOSE_SECONDS)
