"""The Kafka consumer that FastStream polls: it reads from confirmed start offsets and leaves the group cleanly."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.fetcher import FetchError
from aiokafka.errors import OffsetOutOfRangeError

from consumers.kafka.aiokafka_workarounds import decode_any_header_name
from consumers.kafka.close_within import close_within
from consumers.reading.assignment import Assignment, ConsumerBroken
from consumers.reading.fetch_pace import pace

# Longest wait of one poll for records; FastStream would sleep for the same time after an empty poll.
POLL_MS = 500
# The same while partitions are assigned and positioned: only the end of a poll shows that reading is ready.
STARTING_POLL_MS = 50

HAS_RECORD_SECONDS = 5.0
CONNECTION = (
    "bootstrap_servers", "client_id", "request_timeout_ms", "retry_backoff_ms", "security_protocol", "sasl_mechanism",
    "sasl_plain_username", "sasl_plain_password", "ssl_context",
)  # fmt: skip
"""Options of the client that concern the connection to the broker."""

decode_any_header_name()


class CommandConsumer(AIOKafkaConsumer):  # type: ignore[misc]  # the client library ships no types
    """A consumer that polls through an `Assignment`, so that FastStream gets neither an empty poll nor an error.

    `before_leaving` is awaited after the last batch and before the consumer leaves the group.
    """

    def __init__(
        self,
        *,
        assignment: Assignment,
        before_leaving: Callable[["CommandConsumer"], Awaitable[None]],
        leave_seconds: float,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._connection = {name: options[name] for name in CONNECTION if name in options}
        self._assignment = assignment
        self._before_leaving = before_leaving
        self._leave_seconds = leave_seconds

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None
    ) -> dict[TopicPartition, list[Any]]:
        """Wait for records. Empty only at shutdown."""
        fetch = super().getmany

        async def once() -> dict[TopicPartition, list[Any]]:
            self._check_tasks()
            waited = not self._fetcher._records
            wait_ms = max(timeout_ms, POLL_MS) if self._assignment.is_reading else STARTING_POLL_MS
            records: dict[TopicPartition, list[Any]] = await fetch(
                *partitions, timeout_ms=wait_ms, max_records=max_records
            )
            # Before the next fetch is sent: the fetcher waits until what it has is consumed.
            pace(self._fetcher, waited=waited, records=sum(map(len, records.values())))
            return records

        return await self._assignment.poll(self, once)

    def positions(self) -> dict[TopicPartition, int]:
        """Return the next offset to read of each assigned partition.

        Control records, and records of aborted transactions, are not delivered, but the position moves behind them.
        A partition with an error that the next poll raises is left out: the client library has moved its position
        behind a record that it could not read.
        """
        assigned = self._subscription.subscription.assignment
        if assigned is None:
            return {}
        failed = {tp for tp, fetched in self._fetcher._records.items() if isinstance(fetched, FetchError)}
        states = {tp: assigned.state_value(tp) for tp in assigned.tps if tp not in failed}
        return {tp: state.position for tp, state in states.items() if state.has_valid_position}

    async def has_record(self, partition: TopicPartition, offset: int) -> bool:
        """Return whether the log has this record or control record. A separate client reads it.

        During a rebalance this consumer may wait for other partitions, or report an earlier error.
        """
        reader = AIOKafkaConsumer(**self._connection, enable_auto_commit=False, auto_offset_reset="none")
        try:
            await reader.start()
            reader.assign([partition])
            reader.seek(partition, offset)
            read = await reader.getmany(partition, timeout_ms=int(HAS_RECORD_SECONDS * 1000), max_records=1)
            position = await reader.position(partition)
        except OffsetOutOfRangeError:
            return False
        finally:
            await close_within(reader.stop(), HAS_RECORD_SECONDS)
        if not read and position == offset:
            raise TimeoutError(f"the record {offset} of {partition.topic}:{partition.partition} was not read in time")
        # Without a record the position has moved only over control records.
        return all(record.offset == offset for record in read.get(partition, ()))

    def _check_tasks(self) -> None:
        """Raise ConsumerBroken when a background task of the client library has failed: no records would arrive."""
        for task in (self._coordinator._coordination_task, self._fetcher.error_future, self._client._sync_task):
            if task.done() and not task.cancelled() and task.exception() is not None:
                raise ConsumerBroken(f"the Kafka client gave up: {task.exception()!r}")

    async def stop(self) -> None:
        """Publish and commit the decided batches, then leave the group. Without a broker, stop without leaving."""
        await self._before_leaving(self)
        await close_within(super().stop(), self._leave_seconds)
