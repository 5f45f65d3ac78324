"""Peer (c), the floor: asyncpg writes the very rows that our service writes, and does nothing else.

The rows are worked out beforehand, by our own core, in batches of 2,000 commands, and lie ready in memory: COPY for new
codes, associations, inbox and outbox, UPDATE ... FROM unnest for what changed, one transaction a batch, and in it the
outbox frames of the batch before are deleted by their range. One connection, fsync on, nothing is read, decided,
rendered, fenced or published.

`python -m tests.load.peers.floor COMMANDS CODES SEED POSTGRES_PID`, the database as for the service; prints JSON.
"""

import asyncio
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import asyncpg
import orjson

from service import clock
from service.contract.envelope import parse
from service.contract.record import Limits, Received
from service.contract.topics import Topics
from service.core.batch import decide_batch, needs
from service.settings import load
from service.store.batch_output import BatchOutput
from service.store.position import BLOCK
from service.store.world_load import load_world
from service.store.world_save import save_world
from tests.load.cpu import cpu_seconds
from tests.load.window import WARM_SHARE
from tests.load.workload import Workload

BATCH = 2_000
_DISCARD = "DELETE FROM outbox_frame WHERE position BETWEEN $1 AND $2"


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it would have come from Kafka."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


@dataclass(frozen=True, slots=True)
class Step:
    """One statement of a batch: a COPY when it has columns, else a statement with its arguments."""

    statement: str
    columns: Sequence[str]
    rows: Sequence[Any]


class Recorder:
    """Takes the place of the connection and keeps what is written."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    async def copy_records_to_table(self, table: str, *, columns: Sequence[str], records: Sequence[Any]) -> None:
        """Keep a COPY."""
        self.steps.append(Step(table, columns, list(records)))

    async def execute(self, query: str, *arguments: Any) -> str:
        """Keep a statement; every row that it names counts as written."""
        self.steps.append(Step(query, (), arguments))
        return f"UPDATE {len(arguments[0])}"


async def plan(session: Any, topics: Topics, count: int, codes: int, seed: int) -> list[list[Step]]:
    """The statements of each batch, in order."""
    records = [
        Record(topics.commands, 0, offset, sent.key, sent.value, list(sent.headers))
        for offset, sent in enumerate(Workload(codes, seed).take(count))
    ]
    received = [parsed for parsed in parse(records, topics, Limits()) if isinstance(parsed, Received)]
    world = await load_world(session, needs([one.command for one in received]))
    batches = []
    waiting = iter(received)
    for block, batch in enumerate(_chunks(waiting), start=1):
        recorder: Any = Recorder()
        decisions, after = decide_batch([one.command for one in batch], world)
        await save_world(recorder, world, after)
        answers = BatchOutput(topics, block, clock.now())
        await answers.add(batch, {}, decisions)
        await answers.write(recorder)
        batches.append(recorder.steps)
        world = after
    return batches


async def write(session: Any, batches: Sequence[list[Step]], postgres: int) -> dict[str, float]:
    """Write all batches, the last one full as well; measures those after the warm ones. Times in seconds."""
    warm = max(1, int(len(batches) * WARM_SHARE))
    begun, own, database = 0.0, 0.0, 0.0
    for number, steps in enumerate(batches):
        if number == warm:
            begun, own, database = time.monotonic(), time.process_time(), cpu_seconds(postgres)
        await session.execute("BEGIN")
        for step in steps:
            if step.columns:
                await session.copy_records_to_table(step.statement, columns=step.columns, records=step.rows)
            else:
                await session.execute(step.statement, *step.rows)
        if number:
            await session.execute(_DISCARD, number * BLOCK, (number + 1) * BLOCK - 1)
        await session.execute("COMMIT")
    return {
        "commands": (len(batches) - warm) * BATCH,
        "seconds": time.monotonic() - begun,
        "process": time.process_time() - own,
        "PostgreSQL": cpu_seconds(postgres) - database,
    }


def _chunks(received: Iterator[Received]) -> Iterator[list[Received]]:
    while batch := list(islice(received, BATCH)):
        yield batch


async def main(count: int, codes: int, seed: int, postgres: int) -> None:
    """Plan, write, and print what it took."""
    settings = load()
    session = await asyncpg.connect(settings.database_url, server_settings={"jit": "off"})
    batches = await plan(session, Topics(settings.topic_prefix), count, codes, seed)
    figures = await write(session, batches, postgres)
    await session.close()
    sys.stdout.write(orjson.dumps(figures).decode())


if __name__ == "__main__":
    asyncio.run(main(*(int(word) for word in sys.argv[1:5])))
