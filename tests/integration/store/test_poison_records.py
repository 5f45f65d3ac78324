"""Bad records of every kind, at every place of a batch, and several in one: only they are dead-lettered."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from random import Random

import asyncpg
import orjson
import pytest
from aiokafka import TopicPartition

from consumers.health import Health
from consumers.reading.batch import Batches
from consumers.reading.batch_metrics import BatchMetrics
from consumers.reading.dead_letter_limit import DeadLetterLimit
from consumers.shutdown import Shutdown
from service.contract.dead_letter import origin
from service.contract.envelope import Limits, Parsed, parse
from service.contract.message import Message
from service.store.command_store import Applied, CommandStore
from tests.support.poison import POISONS
from tests.support.record import TOPICS, Log
from tests.unit.consumers.stub import StubSettling

GOOD = "good"
REFUSED = "the database refuses it"
KINDS = (*POISONS, REFUSED)
NEIGHBOURS = 4
SEEDS = range(8)
KEY = b"key"


class Bench:
    """One partition whose batches go into the real store; `sent` are the messages to publish, in order."""

    def __init__(self, store: CommandStore) -> None:
        self.log = Log(TOPICS.operator_commands)
        self.sent: list[Message] = []
        self.settling = StubSettling()
        self._store = store
        self._batches = Batches(
            partial(parse, topics=TOPICS, limits=Limits()),
            self._apply,
            self.settling,
            limit=DeadLetterLimit(10_000, 10_000),
            metrics=BatchMetrics(),
            health=Health(["database"]),
            shutdown=Shutdown(asyncio.Event()),
        )

    async def _apply(self, part: Sequence[Parsed], after: Mapping[TopicPartition, int]) -> Applied:
        applied = await self._store.apply(part, after=after)
        self.sent += applied.messages
        return applied

    async def handle(self, kinds: Sequence[str], subject: str) -> None:
        """Decide one batch of records of these kinds; good records put the subject."""
        first = len(self.log.records)
        for kind in kinds:
            number = len(self.log.records)
            if kind in POISONS:
                _, value, headers = POISONS[kind]()
                self.log.append(KEY, value, headers)
            elif kind == REFUSED:
                self.log.send(f"c{number}", "organization.put", "cursed", {"displayName": "cursed"})
            else:
                self.log.send(f"c{number}", "organization.put", subject, {"displayName": f"N{number}"})
        self.sent.clear()
        await self._batches.handle(self.log.records[first:])
        assert self._reported() == self._expected(kinds, first)
        assert self.settling.settled[-1] == {(self.log.topic, 0): len(self.log.records)}

    def _reported(self) -> list[tuple[str, ...]]:
        """Return the kind and the distinguishing property of each message, in order."""
        reported: list[tuple[str, ...]] = []
        for message in sorted(self.sent, key=lambda message: message.position):
            if message.aggregatetype == "dead-letter":
                found = origin(list(message.headers))
                assert found is not None
                assert (message.key, message.payload) == (KEY, self.log.records[found.offset].value)
                reported.append(("dead", str(found.offset), found.reason))
            elif message.aggregatetype == "directory":
                version = dict(message.headers)["ce_entityversion"] or b""
                reported.append(("event", version.decode()))
            else:
                reported.append(("outcome", orjson.loads(message.payload or b"")["command"]["id"]))
        return reported

    @staticmethod
    def _expected(kinds: Sequence[str], first: int) -> list[tuple[str, ...]]:
        expected: list[tuple[str, ...]] = []
        version = 0
        for offset, kind in enumerate(kinds, first):
            if kind == GOOD:
                version += 1
                expected += [("event", str(version)), ("outcome", f"c{offset}")]
            else:
                expected.append(("dead", str(offset), POISONS[kind]()[0] if kind in POISONS else "failed"))
        return expected


@pytest.fixture
async def bench(command_store: CommandStore, database: "asyncpg.Connection[asyncpg.Record]") -> Bench:
    await database.execute("ALTER TABLE organization ADD CHECK (display_name <> 'cursed')")
    return Bench(command_store)


@pytest.mark.parametrize("kind", KINDS)
async def test_only_the_bad_record_is_dead_lettered_at_every_place_of_a_batch(bench: Bench, kind: str) -> None:
    for place in range(NEIGHBOURS + 1):
        kinds = [GOOD] * NEIGHBOURS
        kinds.insert(place, kind)
        await bench.handle(kinds, f"place:{place}")


@pytest.mark.parametrize("seed", SEEDS)
async def test_only_the_bad_records_are_dead_lettered_when_a_batch_has_several(bench: Bench, seed: int) -> None:
    random = Random(seed)
    for number in range(6):
        kinds = [random.choice(KINDS) if random.random() < 0.4 else GOOD for _ in range(random.randint(2, 40))]
        await bench.handle(kinds, f"several:{number}")
