"""Encoded commands are those of the workload, and all of them are sent."""

from dataclasses import replace
from pathlib import Path

from aiokafka.partitioner import DefaultPartitioner
from aiokafka.record.memory_records import MemoryRecords

from tests.load.encoded import read, steps_of, write
from tests.load.generator import in_turn
from tests.load.workload import Workload

PARTITIONS = range(4)


def test_an_encoded_file_has_all_commands_unchanged_in_their_partitions_in_order(tmp_path: Path) -> None:
    sent = list(Workload(1_000).take(250))
    write(tmp_path / "commands", steps_of(sent, PARTITIONS, 100))
    steps = list(read(tmp_path / "commands"))
    assert [sum(batch.record_count() for _, batch in step) for step in steps] == [100, 100, 50]
    found: dict[int, list[tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]]] = {
        number: [] for number in PARTITIONS
    }
    for step in steps:
        for partition, batch in step:
            records = MemoryRecords(bytes(batch._build()))
            while records.has_next():
                found[partition] += [(one.key, one.value, list(one.headers)) for one in records.next_batch()]
    expected: dict[int, list[tuple[bytes, bytes, list[tuple[str, bytes]]]]] = {number: [] for number in PARTITIONS}
    for one in sent:
        number = DefaultPartitioner()(one.key, list(PARTITIONS), list(PARTITIONS))
        expected[number].append((one.key, one.value, one.headers))
    assert found == expected


def test_a_batch_that_is_full_is_followed_by_another_one_of_its_partition() -> None:
    [large] = Workload(1_000).take(1)
    large = replace(large, value=b"x" * 400_000)
    [step] = steps_of([large] * 5, PARTITIONS, 5)
    assert [batch.record_count() for _, batch in step] == [2, 2, 1]
    assert len({partition for partition, _ in step}) == 1


def test_files_are_sent_in_turn_until_all_are_at_their_end(tmp_path: Path) -> None:
    for name, count in (("a", 3), ("b", 1)):
        write(tmp_path / name, steps_of(Workload(1_000).take(count), PARTITIONS, 1))
    assert len(list(in_turn([tmp_path / "a", tmp_path / "b"]))) == 4
