"""Peer (c), the floor: asyncpg writes the same rows as our service, and does nothing else.

The rows are computed beforehand by our own core, in batches of 2,000 commands, and kept in memory: COPY for new codes,
associations, inbox and outbox, UPDATE ... FROM unnest for changed rows, one transaction per batch, which also deletes
the outbox frames of the previous batch by their range. One connection, fsync on; nothing is read, decided, rendered,
fenced or published.

`python -m tests.load.peers.floor COMMANDS CODES SEED POSTGRES_PID`, with the database settings of the service. Prints
JSON.
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
from service.store.inbox import number_senders
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
    """A record as received from Kafka."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


@dataclass(frozen=True, slots=True)
class Step:
    """A statement of a batch: a COPY if it has columns, else a statement with its arguments, or with `many` of them."""

    statement: str
    columns: Sequence[str]
    rows: Sequence[Any]
    many: bool = False


class Recorder:
    """Replaces the connection and records all writes."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    async def copy_records_to_table(self, table: str, *, columns: Sequence[str], records: Sequence[Any]) -> None:
        """Record a COPY."""
        self.steps.append(Step(table, columns, list(records)))

    async def executemany(self, query: str, arguments: Sequence[Any]) -> None:
        """Record a statement that writes a row for each of the arguments."""
        self.steps.append(Step(query, (), arguments, many=True))

    async def execute(self, query: str, *arguments: Any) -> str:
        """Record a statement; all its rows count as written."""
        self.steps.append(Step(query, (), arguments))
        return f"UPDATE {len(arguments[0])}"


async def plan(session: Any, topics: Topics, count: int, codes: int, seed: int) -> list[list[Step]]:
    """Return the statements of each batch, in order."""
    records = [
        Record(topics.commands, 0, offset, sent.key, sent.value, list(sent.headers))
        for offset, sent in enumerate(Workload(codes, seed).take(count))
    ]
    received = [parsed for parsed in parse(records, topics, Limits()) if isinstance(parsed, Received)]
    world = (await load_world(session, needs([one.command for one in received]))).world
    senders = {(one.command.source, one.command.topic) for one in received}
    numbers = await number_senders(session, senders, {})
    batches = []
    waiting = iter(received)
    for block, batch in enumerate(_chunks(waiting), start=1):
        recorder: Any = Recorder()
        decisions, after = decide_batch([one.command for one in batch], world)
        await save_world(recorder, world, after)
        answers = BatchOutput(topics, block, clock.now())
        await answers.add(batch, {}, decisions)
        await answers.copy(recorder, numbers)
        batches.append(recorder.steps)
        world = after
    return batches


async def write(session: Any, batches: Sequence[list[Step]], postgres: int) -> dict[str, float]:
    """Write all batches, also the last one; those after the warm-up are measured. Times are in seconds."""
    warm = max(1, int(len(batches) * WARM_SHARE))
    begun, own, database = 0.0, 0.0, 0.0
    for number, steps in enumerate(batches):
        if number == warm:
            begun, own, database = time.monotonic(), time.process_time(), cpu_seconds(postgres)
        await session.execute("BEGIN")
        for step in steps:
            if step.columns:
                await session.copy_records_to_table(step.statement, columns=step.columns, records=step.rows)
            elif step.many:
                await session.executemany(step.statement, step.rows)
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
    """Plan, write, and print the measured times."""
    settings = load()
    session = await asyncpg.connect(settings.database_url, server_settings={"jit": "off"})
    batches = await plan(session, Topics(settings.topic_prefix), count, codes, seed)
    figures = await write(session, batches, postgres)
    await session.close()
    sys.stdout.write(orjson.dumps(figures).decode())


if __name__ == "__main__":
    asyncio.run(main(*(int(word) for word in sys.argv[1:5])))
