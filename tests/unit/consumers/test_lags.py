"""How far behind the log a process is, partition by partition."""

from collections.abc import Mapping, Set

from aiokafka import TopicPartition

from consumers.reading.settlement import Settlement

ENDS: dict[TopicPartition, int | None] = {
    TopicPartition("t", 0): 50,
    TopicPartition("t", 1): 42,
    TopicPartition("t", 2): 41,
    TopicPartition("t", 3): None,
    TopicPartition("t", 4): 50,
}


class StubConsumer:
    """Owns the partitions of ENDS, and has seen their ends."""

    def assignment(self) -> Set[TopicPartition]:
        return ENDS.keys()

    def last_stable_offset(self, partition: TopicPartition) -> int | None:
        return ENDS[partition]

    def seek(self, partition: TopicPartition, offset: int) -> None:
        raise NotImplementedError

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        raise NotImplementedError

    async def committed(self, partition: TopicPartition) -> int | None:
        raise NotImplementedError


def test_the_lag_is_what_lies_between_the_last_decided_record_and_the_end() -> None:
    settlement = Settlement()
    assert settlement.lags() == {}
    settlement.use(StubConsumer())
    # Partition 2 has a mark beyond the end that was last seen, and of partition 4 nothing is known.
    settlement.reached = {TopicPartition("t", n): 42 for n in range(4)} | {TopicPartition("foreign", 0): 1}
    assert settlement.lags() == {TopicPartition("t", 0): 8, TopicPartition("t", 1): 0, TopicPartition("t", 2): 0}
