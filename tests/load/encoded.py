"""Commands as record batches in a file: whoever sends them later needs almost no CPU time.

`python -m tests.load.encoded FILE COUNT CODES SEED STEP` encodes a workload in steps of this many commands, and prints
JSON at the end.
"""

import itertools
import struct
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

import orjson
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.message_accumulator import BatchBuilder

from tests.load.servers import PARTITIONS
from tests.load.workload import Sent, Workload

MOST_BATCH_BYTES = 1_000_000
HEAD = struct.Struct(">IIII")
"""Number of the step, partition, records and bytes of the batch that follows."""

Step = list[tuple[int, BatchBuilder]]
"""Partitions, each with a batch of records; all are sent at the same time."""


def steps_of(commands: Iterable[Sent], partitions: Sequence[int], step: int) -> Iterator[Step]:
    """Yield the batches of the commands, in steps of this many commands, with the default partitioner."""
    partition_of = cache(lambda key: DefaultPartitioner()(key, partitions, partitions))
    waiting = iter(commands)
    while commands_of_step := list(itertools.islice(waiting, step)):
        batches: dict[int, BatchBuilder] = {}
        full: Step = []
        for sent in commands_of_step:
            number = partition_of(sent.key)
            record = {"key": sent.key, "value": sent.value, "timestamp": None, "headers": sent.headers}
            if number not in batches or batches[number].append(**record) is None:
                full += [(number, batches[number])] if number in batches else []
                batches[number] = BatchBuilder(MOST_BATCH_BYTES, 0)
                batches[number].append(**record)
        yield [*full, *batches.items()]


def write(file: Path, steps: Iterable[Step]) -> None:
    """Write steps to a file."""
    with file.open("wb") as out:
        for number, step in enumerate(steps):
            for partition, batch in step:
                data = bytes(batch._build())
                out.write(HEAD.pack(number, partition, batch.record_count(), len(data)))
                out.write(data)


def read(file: Path) -> Iterator[Step]:
    """Yield the steps of a file; only one at a time is in memory."""
    for _, batches in itertools.groupby(_batches(file), key=lambda one: one[0]):
        yield [(partition, batch) for _, partition, batch in batches]


def _batches(file: Path) -> Iterator[tuple[int, int, BatchBuilder]]:
    with file.open("rb") as source:
        while head := source.read(HEAD.size):
            number, partition, records, length = HEAD.unpack(head)
            yield number, partition, _built(source.read(length), records)


def _built(data: bytes, records: int) -> BatchBuilder:
    """Return a batch whose bytes exist already."""
    batch = BatchBuilder(MOST_BATCH_BYTES, 0)
    batch._buffer, batch._relative_offset = data, records
    batch.close()
    return batch


def main() -> None:
    """Parse the arguments, encode, and print the number of commands."""
    file = Path(sys.argv[1])
    count, codes, seed, step = map(int, sys.argv[2:6])
    write(file, steps_of(Workload(codes, seed).take(count), range(PARTITIONS), step))
    sys.stdout.write(orjson.dumps({"commands": count}).decode())


if __name__ == "__main__":
    main()
