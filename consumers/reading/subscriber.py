"""The FastStream batch subscriber of the two command topics.

One consumer reads both: one poll loop, one writer, one rebalance. FastStream polls, calls the handler and stops in an
orderly way. Parsing, settlement, rewinds and retries are our own code, because FastStream's lose batches.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiokafka import ConsumerRecord
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from faststream import AckPolicy
from faststream.kafka import KafkaBroker

from consumers.kafka.client import CLIENT_ID, connection
from consumers.reading.assignment import Assignment
from consumers.reading.consumer import CommandConsumer
from consumers.reading.fetch_pace import COLLECT_BYTES, COLLECT_MS
from consumers.reading.raw import decode_nothing, parse_nothing
from service.contract.topics import Topics
from service.settings import Settings

Handle = Callable[[tuple[ConsumerRecord, ...]], Awaitable[None]]

# Bytes fetched ahead for each partition. All partitions together have a few batches; more would only take memory during
# a backlog. A longer record is returned nevertheless.
FETCH_PARTITION_BYTES = 128 * 1024
# A batch that waits for a slow database must not end the group membership; a handler that is stuck for longer must.
MAX_POLL_INTERVAL_MS = 300_000

# A logger of our own: FastStream's has a handler that writes colours instead of JSON. It logs each batch at level info.
_frame_log = logging.getLogger("consumers.faststream")
_frame_log.setLevel(logging.WARNING)
# The service checks its topics itself, and names those that are missing.
_frame_log.addFilter(lambda record: not str(record.msg).startswith("Auto create topics is disabled"))

# Parts of the shutdown deadline: for the running batch, and for leaving the group.
BATCH_PART, LEAVE_PART = 0.4, 0.1


class Subscription:
    """FastStream's broker object with its one subscriber."""

    def __init__(
        self,
        settings: Settings,
        topics: Topics,
        assignment: Assignment,
        handle: Handle,
        *,
        built: Callable[[CommandConsumer], None],
        before_leaving: Callable[[CommandConsumer], Awaitable[None]],
    ) -> None:
        self._options = connection(settings)
        self._assignment = assignment
        self._leave_seconds = settings.shutdown_deadline_seconds * LEAVE_PART
        self._built = built
        self._before_leaving = before_leaving
        self._broker = KafkaBroker(
            settings.kafka_bootstrap_servers.split(","),
            client_id=CLIENT_ID,
            consumer_only=True,
            allow_auto_create_topics=False,
            graceful_timeout=settings.shutdown_deadline_seconds * BATCH_PART,
            apply_types=False,
            logger=_frame_log,
            log_level=logging.DEBUG,
        )
        subscriber = self._broker.subscriber(
            topics.commands,
            topics.operator_commands,
            batch=True,
            group_id=settings.consumer_group,
            ack_policy=AckPolicy.MANUAL,
            parser=parse_nothing,
            decoder=decode_nothing,
            no_reply=True,
            max_records=settings.batch_max_records,
            batch_timeout_ms=settings.batch_timeout_ms,
            # Reading starts at the offset mark. Without a start offset nothing is read.
            auto_offset_reset="none",
            isolation_level="read_committed",
            # The sticky assignor of the client library is broken.
            partition_assignment_strategy=(RangePartitionAssignor,),
            fetch_min_bytes=COLLECT_BYTES,
            fetch_max_wait_ms=COLLECT_MS,
            max_partition_fetch_bytes=FETCH_PARTITION_BYTES,
            session_timeout_ms=settings.session_timeout_ms,
            heartbeat_interval_ms=settings.session_timeout_ms // 4,
            rebalance_timeout_ms=max(60_000, settings.session_timeout_ms),
            max_poll_interval_ms=MAX_POLL_INTERVAL_MS,
            listener=assignment,
        )
        subscriber(handle)

    async def start(self) -> None:
        """Join the group and begin to read. Raises KafkaError."""
        await self._broker.connect()
        # FastStream would build aiokafka's consumer and lose batches at empty polls and errors.
        self._broker.config.broker_config.builder = self._build
        await self._broker.start()

    async def stop(self) -> None:
        """Let the running batch end, then leave the group."""
        await self._broker.stop()

    def _build(self, **options: Any) -> CommandConsumer:
        chosen = {**options, **self._options}
        consumer = CommandConsumer(
            assignment=self._assignment,
            before_leaving=self._before_leaving,
            leave_seconds=self._leave_seconds,
            **chosen,
        )
        self._built(consumer)
        return consumer
