"""Start offsets: the mark, the first record, or an alarm that an operator has to accept."""

from collections.abc import Mapping, Sequence
from typing import cast

import pytest
from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from structlog.testing import capture_logs

from consumers.kafka.cluster_identity import Identity
from consumers.reading import start_offsets as module
from consumers.reading.assignment import OffsetAlarm
from consumers.reading.start_offsets import StartOffsets
from service.settings import Settings
from service.store.offset_fence import OffsetFenceStore

P0, P1 = TopicPartition("t", 0), TopicPartition("t", 1)
HERE = Identity("cluster", {"t": "id"})


class StubMarks:
    """Marks in memory; `former` are the clusters with marks of an earlier topic."""

    def __init__(self, marks: Mapping[tuple[str, int], int], former: Sequence[str] = ()) -> None:
        self.stored = dict(marks)
        self._former = former

    async def marks(self) -> dict[tuple[str, int], int]:
        return dict(self.stored)

    async def former_clusters(self, _topic: str) -> frozenset[str]:
        return frozenset(self._former)

    async def claim(self, offsets: Mapping[tuple[str, int], int]) -> None:
        self.stored = {**offsets, **self.stored}

    async def move(self, offsets: Mapping[tuple[str, int], int]) -> None:
        self.stored.update(offsets)


def start_offsets_of(marks: StubMarks, *, accept: bool = False) -> StartOffsets:
    settings = Settings(accept_lost_commands=accept)
    client = cast("AIOKafkaClient", None)
    return StartOffsets(settings, client, cast("OffsetFenceStore", marks), HERE, ["t"])


async def has_no_record(_partition: TopicPartition, _offset: int) -> bool:
    return False


async def test_a_mark_after_the_reported_end_is_valid_when_the_last_record_exists() -> None:
    requested: list[tuple[TopicPartition, int]] = []

    async def has_record(partition: TopicPartition, offset: int) -> bool:
        requested.append((partition, offset))
        return True

    assert await start_offsets_of(StubMarks({("t", 0): 7})).start_offsets({P0: (0, 5)}, has_record) == {P0: 7}
    assert requested == [(P0, 6)]


async def test_a_partition_is_read_from_its_mark() -> None:
    assert await start_offsets_of(StubMarks({("t", 0): 7})).start_offsets({P0: (3, 9)}, has_no_record) == {P0: 7}


@pytest.mark.parametrize(("first", "after"), [(7, 7), (0, 7), (7, 9)])
async def test_a_mark_at_either_end_of_the_log_is_valid(first: int, after: int) -> None:
    assert await start_offsets_of(StubMarks({("t", 0): 7})).start_offsets({P0: (first, after)}, has_no_record) == {
        P0: 7
    }


async def test_a_partition_without_a_mark_is_read_from_its_first_record_and_gets_one() -> None:
    marks = StubMarks({("t", 0): 7})
    assert await start_offsets_of(marks).start_offsets({P0: (0, 9), P1: (2, 5)}, has_no_record) == {P0: 7, P1: 2}
    assert marks.stored == {("t", 0): 7, ("t", 1): 2}


@pytest.mark.parametrize(
    ("marks", "log", "message"),
    [
        (StubMarks({("t", 0): 7}), (8, 9), "begins at offset 8, but 7 is the next to decide"),
        (StubMarks({("t", 0): 7}), (0, 6), "ends at offset 6, but 6 was already decided"),
        (StubMarks({}, former=["cluster"]), (0, 3), "was deleted and recreated"),
        (StubMarks({}, former=["old"]), (0, 3), "belongs to cluster cluster, but topic t was read from cluster old"),
        (StubMarks({}, former=["old", "cluster"]), (0, 3), "was deleted and recreated"),
    ],
)
async def test_lost_records_raise_an_alarm_unless_the_loss_is_accepted(
    marks: StubMarks, log: tuple[int, int], message: str
) -> None:
    with pytest.raises(OffsetAlarm, match=message) as alarm:
        await start_offsets_of(marks).start_offsets({P0: log}, has_no_record)
    assert "REGISTRY_ACCEPT_LOST_COMMANDS" in str(alarm.value)

    assert await start_offsets_of(marks, accept=True).start_offsets({P0: log}, has_no_record) == {P0: log[0]}
    assert marks.stored[P0] == log[0]
    assert await start_offsets_of(marks).start_offsets({P0: log}, has_no_record) == {P0: log[0]}, (
        "there is no alarm the next time"
    )


async def test_marks_of_another_cluster_do_not_matter_when_the_topic_has_marks_in_this_one() -> None:
    marks = StubMarks({("t", 0): 7}, former=["old"])
    assert await start_offsets_of(marks).start_offsets({P0: (0, 9), P1: (2, 5)}, has_no_record) == {P0: 7, P1: 2}


async def test_an_accepted_loss_of_a_whole_topic_is_logged_once() -> None:
    marks = StubMarks({}, former=["old"])
    with capture_logs() as logs:
        await start_offsets_of(marks, accept=True).start_offsets({P0: (0, 9), P1: (2, 5)}, has_no_record)
    [line] = [line for line in logs if line["event"] == "lost_commands_accepted"]
    assert line["resumes"] == ["t:0 at 0", "t:1 at 2"]


@pytest.mark.parametrize(
    ("now", "message"),
    [
        (HERE, None),
        (Identity("another", {"t": "id"}), "cluster another now"),
        (Identity("cluster", {"t": "new"}), "recreated while it was read"),
    ],
)
async def test_another_cluster_or_topic_than_at_the_start_raises_an_alarm(
    monkeypatch: pytest.MonkeyPatch, now: Identity, message: str | None
) -> None:
    async def read_cluster_identity(_client: object, _topics: object) -> Identity:
        return now

    monkeypatch.setattr(module, "read_cluster_identity", read_cluster_identity)
    if message is None:
        await start_offsets_of(StubMarks({})).check()
        return
    with pytest.raises(OffsetAlarm, match=message):
        await start_offsets_of(StubMarks({})).check()
