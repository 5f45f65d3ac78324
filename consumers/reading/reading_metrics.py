"""The metrics of reading: how far the assigned partitions are decided, and since when the oldest command waits."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from aiokafka import TopicPartition

from service.telemetry import CONSUMER_OFFSET, LAG, OLDEST_UNDECIDED


class TimedRecord(Protocol):
    """The attributes of aiokafka's ConsumerRecord that are used here; `timestamp` is Unix time in milliseconds."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def timestamp(self) -> int: ...


class ReadingMetrics:
    """Reports the partitions of this process. A partition that was lost disappears: another process reports it."""

    def __init__(self) -> None:
        self._oldest: dict[tuple[str, int], int] = {}
        """The timestamp of the first record of the last batch with this partition, in milliseconds."""

    def read(self, records: Iterable[TimedRecord]) -> None:
        """Note the records of a batch, in offset order within each partition, before they are decided."""
        first: dict[tuple[str, int], int] = {}
        for record in records:
            first.setdefault((record.topic, record.partition), record.timestamp)
        self._oldest |= first

    def report(self, lags: Mapping[TopicPartition, int], reached: Mapping[TopicPartition, int]) -> None:
        """Set the metrics from the number of undecided records of each partition, and its next offset to decide."""
        LAG.clear()
        CONSUMER_OFFSET.clear()
        for tp, lag in lags.items():
            LAG.labels(tp.topic, tp.partition).set(lag)
            CONSUMER_OFFSET.labels(tp.topic, tp.partition).set(reached[tp])
        # The records of a partition without lag are decided.
        waiting = {(tp.topic, tp.partition) for tp, lag in lags.items() if lag}
        self._oldest = {tp: timestamp for tp, timestamp in self._oldest.items() if tp in waiting}
        OLDEST_UNDECIDED.set(min(self._oldest.values(), default=0) / 1000)
