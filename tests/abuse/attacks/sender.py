"""A sender whose record batches are encoded before the attack, so that sending them takes almost no time."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson
from aiokafka import AIOKafkaProducer

from service.contract.catalogue import wire_type
from service.contract.topics import Topics
from service.store.command_id import unpacked_id
from service.store.stored_outcome import ACCEPTED, REJECTED, UNCHANGED, unpacked_outcome
from tests.abuse.target import Target
from tests.load import people
from tests.load.encoded import MOST_BATCH_BYTES, Step, steps_of
from tests.load.workload import Sent
from tests.support.wait import eventually

STEP = 2_000
"""Commands that are sent at the same time."""

DECIDED_SECONDS = 120.0
DECIDED_SHORT_SECONDS = 20.0

_OF_SOURCE = "FROM inbox AS i JOIN inbox_sender AS s ON s.id = i.sender WHERE s.source = $1"
_FORMS = f"SELECT get_byte(i.outcome, 0) AS form, count(*) {_OF_SOURCE} GROUP BY form"  # a constant
_ONE = f"SELECT i.command_id, i.outcome {_OF_SOURCE} LIMIT 1"  # a constant
_STATUS = {ACCEPTED: "accepted", UNCHANGED: "unchanged", REJECTED: "rejected"}


class Sender:
    """Sends commands to the command topic of a target, and counts in the database what is decided."""

    def __init__(
        self, target: Target, producer: AIOKafkaProducer, session: "asyncpg.Connection[asyncpg.Record]"
    ) -> None:
        self._topic = Topics(target.topic_prefix).commands
        self._decided_seconds = DECIDED_SHORT_SECONDS if target.short else DECIDED_SECONDS
        self._producer = producer
        self._session = session

    async def encode(self, commands: Iterable[Sent], step: int = STEP) -> list[Step]:
        """Return the batches of the commands, in steps of this many commands."""
        partitions = sorted(await self._producer.partitions_for(self._topic))
        steps = []
        for batches in steps_of(commands, partitions, step):
            steps.append(batches)
            await asyncio.sleep(0)
        return steps

    async def send(self, steps: Iterable[Step], per_second: float) -> int:
        """Send the steps at this rate of commands. Return the number of commands."""
        begin, count = time.monotonic(), 0
        for step in steps:
            await asyncio.sleep(max(0.0, begin + count / per_second - time.monotonic()))
            sent = [await self._producer.send_batch(batch, self._topic, partition=number) for number, batch in step]
            await asyncio.gather(*sent)
            count += sum(batch.record_count() for _, batch in step)
        return count

    async def decided(self, source: str) -> dict[str, int]:
        """Return how many commands of a source are decided, by status."""
        rows = await self._session.fetch(_FORMS, source)
        return {_STATUS[row["form"]]: row["count"] for row in rows}

    async def until_decided(self, source: str, count: int) -> dict[str, int]:
        """Wait until this many commands of a source are decided. Raises AssertionError when it takes too long."""

        async def all_decided() -> dict[str, int]:
            decided = await self.decided(source)
            assert sum(decided.values()) >= count, f"{decided} of {count} decided"
            return decided or {"": 0}

        return await eventually(all_decided, deadline=self._decided_seconds, what=f"{count} decided commands")

    async def outcome(self, source: str) -> bytes:
        """Return an outcome of a source as it is published."""
        [row] = await self._session.fetch(_ONE, source)
        return unpacked_outcome(source, unpacked_id(row["command_id"]), row["outcome"]).data


@asynccontextmanager
async def sender(target: Target) -> AsyncIterator[Sender]:
    """Connect to the broker and to the database."""
    producer = AIOKafkaProducer(
        bootstrap_servers=target.kafka_bootstrap_servers, acks=1, max_batch_size=MOST_BATCH_BYTES,
        max_request_size=MOST_BATCH_BYTES, linger_ms=5,
    )  # fmt: skip
    await producer.start()
    try:
        session = await asyncpg.connect(target.database_url, timeout=10)
        try:
            yield Sender(target, producer, session)
        finally:
            await session.close()
    finally:
        await producer.stop()


def command(name: str, source: str, data: dict[str, Any], *, subject: str) -> Sent:
    """Return a command of the first organization."""
    headers = {"specversion": "1.0", "id": str(uuid.uuid4()), "source": source, "type": wire_type(name)}
    headers["subject"] = subject
    named = [(f"ce_{header}", value.encode()) for header, value in headers.items()]
    key = people.organization(0).encode()
    return Sent(key, orjson.dumps(data), [*named, ("content-type", b"application/json")])
