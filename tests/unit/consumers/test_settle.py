"""Settlement: commits follow the batches, failures are harmless, rewinds seek."""

import asyncio
from collections.abc import Mapping, Set

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError
from structlog.testing import capture_logs

from consumers.reading.settlement import Settlement
from tests.support.wait import eventually

P0, P1 = TopicPartition("t", 0), TopicPartition("t", 1)


class StubConsumer:
    """Records commits and seeks; `gate` delays commits, `lost` are revoked partitions."""

    def __init__(self) -> None:
        self.commits: list[dict[TopicPartition, int]] = []
        self.seeks: list[tuple[TopicPartition, int]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: Exception | None = None
        self.lost: set[TopicPartition] = set()
        self.group: dict[TopicPartition, int] = {}

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        self.commits.append(dict(offsets))
        self.group.update(offsets)

    async def committed(self, partition: TopicPartition) -> int | None:
        return self.group.get(partition)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        if partition in self.lost:
            raise IllegalStateError("not assigned")
        self.seeks.append((partition, offset))

    def assignment(self) -> Set[TopicPartition]:
        return {P0, P1}

    def last_stable_offset(self, partition: TopicPartition) -> int | None:
        return {P0: 10}.get(partition)


@pytest.fixture
def consumer() -> StubConsumer:
    return StubConsumer()


@pytest.fixture
def settlement(consumer: StubConsumer) -> Settlement:
    settlement = Settlement()
    settlement.use(consumer)
    return settlement


async def test_next_offsets_are_committed_when_a_batch_is_settled(
    settlement: Settlement, consumer: StubConsumer
) -> None:
    settlement.settle({P0: 5})
    await settlement.flush()
    assert consumer.commits == [{P0: 5}]


async def test_only_the_newest_offsets_are_committed_when_commits_are_slower_than_batches(
    settlement: Settlement, consumer: StubConsumer
) -> None:
    consumer.gate.clear()
    settlement.settle({P0: 1})
    await asyncio.sleep(0)
    settlement.settle({P0: 2, P1: 7})
    settlement.settle({P0: 3})
    consumer.gate.set()
    await settlement.flush()
    assert consumer.commits == [{P0: 1}, {P0: 3, P1: 7}]


async def test_commits_follow_each_other_after_a_pause_unless_somebody_waits(consumer: StubConsumer) -> None:
    settlement = Settlement(pause_seconds=3600)
    settlement.use(consumer)
    settlement.settle({P0: 1})
    await eventually(lambda: consumer.commits == [{P0: 1}], what="the first commit")
    settlement.settle({P0: 2})
    settlement.settle({P0: 3})
    for _ in range(50):
        await asyncio.sleep(0)
    assert consumer.commits == [{P0: 1}]
    await settlement.flush()
    assert consumer.commits == [{P0: 1}, {P0: 3}]
    settlement.settle({P0: 4})
    settlement.settle({P0: 5})
    await eventually(lambda: len(consumer.commits) == 3, what="a commit after the flush")


async def test_the_newest_offsets_are_committed_after_the_pause(consumer: StubConsumer) -> None:
    settlement = Settlement(pause_seconds=0.01)
    settlement.use(consumer)
    for offset in (1, 2, 3):
        settlement.settle({P0: offset})
        await asyncio.sleep(0)
    await eventually(lambda: consumer.group == {P0: 3}, what="the last commit")
    assert consumer.commits == [{P0: 1}, {P0: 3}]


@pytest.mark.parametrize("error", [CommitFailedError("rebalanced"), TimeoutError()])
async def test_a_refused_commit_does_not_prevent_the_next_one(
    settlement: Settlement, consumer: StubConsumer, error: Exception
) -> None:
    consumer.error = error
    settlement.settle({P0: 1})
    await settlement.flush()
    consumer.error = None
    settlement.settle({P0: 2})
    await settlement.flush()
    assert consumer.commits == [{P0: 2}]


def test_every_assigned_partition_is_rewound_when_one_was_revoked(
    settlement: Settlement, consumer: StubConsumer
) -> None:
    reported: list[bool] = []
    settlement.on_rewind = lambda: reported.append(True)
    consumer.lost = {P0}
    settlement.rewind({P0: 3, P1: 4})
    assert consumer.seeks == [(P1, 4)]
    assert reported == [True]


async def test_the_lag_is_the_number_of_records_after_the_last_settled_one(settlement: Settlement) -> None:
    settlement.settle({P0: 7})
    await settlement.flush()
    assert settlement.lags() == {P0: 3}, "the other partition is unknown"


async def test_an_offset_is_committed_again_when_it_was_set_back(
    settlement: Settlement, consumer: StubConsumer
) -> None:
    settlement.settle({P0: 5, P1: 3})
    await settlement.flush()
    consumer.group[P0] = 2
    await settlement.check()
    await settlement.check()
    await settlement.flush()
    assert consumer.commits == [{P0: 5, P1: 3}, {P0: 5}]


async def test_an_offset_is_committed_again_when_its_commit_failed(
    settlement: Settlement, consumer: StubConsumer
) -> None:
    consumer.error = CommitFailedError()
    settlement.settle({P0: 5})
    await settlement.flush()
    consumer.error = None
    await settlement.check()
    await settlement.check()
    await settlement.flush()
    assert consumer.commits == [{P0: 5}]


async def test_failing_commits_are_logged_when_that_begins_and_when_it_ends(
    settlement: Settlement, consumer: StubConsumer
) -> None:
    consumer.error = CommitFailedError()
    with capture_logs() as logs:
        for offset in (5, 6, 6, 6):
            settlement.settle({P0: offset})
            await settlement.flush()
            await settlement.check()
        consumer.error = None
        settlement.settle({P0: 7})
        await settlement.flush()
    assert [line["event"] for line in logs] == ["offset_commit_failed", "offset_commit_recovered"]


async def test_busy_partitions_are_not_checked(settlement: Settlement, consumer: StubConsumer) -> None:
    for offset in (5, 6):
        settlement.settle({P0: offset})
        await settlement.flush()
        consumer.group[P0] = 2
        await settlement.check()
    assert consumer.commits == [{P0: 5}, {P0: 6}]


async def test_a_commit_is_abandoned_after_its_time_limit(consumer: StubConsumer) -> None:
    settlement = Settlement(commit_seconds=0.0)
    settlement.use(consumer)
    consumer.gate.clear()
    settlement.settle({P0: 5})
    await settlement.flush()
    consumer.gate.set()
    settlement.settle({P1: 3})
    await settlement.flush()
    assert P0 not in consumer.group
