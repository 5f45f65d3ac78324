"""Writers, relays and a broker of a random history, and the faults that affect them."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import orjson

from consumers.relay.refusal import Refusal
from service.contract.message import Message, shard_of
from service.settings import Settings
from service.store.errors import StoreRace, StoreUnavailable
from service.store.frame import frames_of
from service.store.frame_row import write_frames
from service.store.lock import BEGIN_SHARED
from service.store.outbox_store import CHANNEL, RETRY
from service.store.pool import connect
from service.store.position import BLOCK
from service.store.snapshot_store import snapshots
from tests.integration.consumers.process import Broker, Process
from tests.support import scenario
from tests.support.record import TOPICS, Log

GROUPS = 6
BATCHES = 60
LATE = 24
TARGETS = (TOPICS.group_events, TOPICS.outcomes)
END = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE application_name = $1 AND datname = current_database() AND random() < 0.5"
)


@dataclass
class Model:
    """A history; `written` are the ids of known messages, `counted` is the number of other messages."""

    settings: Settings
    database: Any
    chance: random.Random
    broker: Broker = field(default_factory=Broker)
    processes: list[Process] = field(default_factory=list)
    refused: dict[str, Refusal] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)
    counted: int = 0
    ended: int = 0
    over: bool = False

    def __post_init__(self) -> None:
        self.broker.refuses = self.refuses
        self.processes = [Process(self.settings, self.broker) for _ in range(2)]

    def refuses(self, message: Message) -> Refusal | None:
        """Return the current refusal of a message: by topic, one of three partitions, key, or fifth of all records."""
        key, fifth = message.key or b"", crc32(message.id.encode()) % 5
        places = (message.topic, f"{message.topic} {crc32(key) % 3}", f"{message.topic} {key!r}", f"fifth {fifth}")
        return next((self.refused[tp] for tp in places if tp in self.refused), None)

    async def begin(self) -> None:
        """Create the groups that are changed later, and start the relays."""
        directory, log = scenario.directory(), Log(TOPICS.commands, 9)
        for number in range(GROUPS):
            scenario.create_group(log, f"g{number}", f"group-{number}")
        for some in (directory, log):
            self.counted += len((await self.processes[0].store.apply(some.read())).messages)
        for process in self.processes:
            process.start()

    async def write(self, number: int) -> None:
        """Change the groups in batches, and retry each batch until it is committed."""
        writer = Process(self.settings, self.broker)
        log = Log(TOPICS.commands, number, f"/writer/{number}")
        for _ in range(BATCHES):
            for at in range(self.chance.randint(1, 40)):
                self._change(log, f"group-{at % GROUPS}")
            batch = log.read()
            while True:
                try:
                    await writer.apply(batch)
                    break
                except (StoreRace, StoreUnavailable):
                    await asyncio.sleep(0)
            await asyncio.sleep(self.chance.random() * 0.2)
        self.counted += 2 * len(log.records)
        await writer.store.close()

    def _change(self, log: Log, subject: str) -> None:
        at = len(log.records)
        log.send(f"c{at}", "group.update", subject, {"type": "region", "value": f"{log.source} {at}"})
        # Two writers decide concurrently, so the outcomes of each writer have their own key.
        record = log.records.pop()
        log.append(log.source.encode(), record.value, record.headers)

    async def resend(self) -> None:
        """Publish snapshots of the groups at random times."""
        for run in range(4):
            await asyncio.sleep(self.chance.random())
            with contextlib.suppress(StoreRace, StoreUnavailable):
                async for count in snapshots(self.settings, "group", None, f"run-{run}", page=4):
                    self.counted += count

    async def write_late(self, number: int) -> None:
        """Write frames in transactions that wait before COMMIT, some of which are rolled back."""
        connection = await connect(self.settings, "late")
        key = b"late-%d" % number
        for lock in range(LATE):
            await connection.execute(BEGIN_SHARED)
            first = await connection.fetchval("SELECT nextval('outbox_block')") * BLOCK
            messages = [
                Message(
                    f"late-{number}-{lock}-{at}", "group", "g", "producer-registry.group.created.v1",
                    TOPICS.group_events, key if at % 3 else None, orjson.dumps(at), [],
                    at % 16 if at % 3 == 0 else shard_of(key), first + at,
                )
                for at in range(self.chance.randint(1, 30))
            ]  # fmt: skip
            await write_frames(connection, frames_of(messages))
            await asyncio.sleep(self.chance.random() * 0.5)
            await connection.execute(f"NOTIFY {CHANNEL}")
            if self.chance.random() < 0.8:
                await connection.execute("COMMIT")
                self.written += [message.id for message in messages]
            else:
                await connection.execute("ROLLBACK")
        connection.terminate()

    async def trouble(self) -> None:
        """Start and end refusals, terminate sessions, cause outages, and kill processes in the middle of a frame."""
        while not self.over:
            await asyncio.sleep(self.chance.random() * 0.2)
            what = self.chance.choice(["refuse", "refuse", "take", "take", "away", "end", "kill", "stop"])
            if what == "refuse":
                self._refuse()
            elif what == "take" and self.refused:
                del self.refused[self.chance.choice(sorted(self.refused))]
                await self.database.execute(f"NOTIFY {CHANNEL}, '{RETRY}'")
            elif what == "away":
                self.chance.choice(self.processes).publisher.failures.append(self.chance.randint(0, 30))
            elif what == "end":
                self.ended += 1
                await self.database.execute(END, "producer-registry relay")
            elif what in {"kill", "stop"}:
                await self._replace(self.chance.randrange(len(self.processes)), what)

    def _refuse(self) -> None:
        topic = self.chance.choice(TARGETS)
        kind = self.chance.choice(["topic", "partition", "key", "record", "record"])
        if kind == "topic":
            self.refused[topic] = Refusal("topic", "TOPIC_AUTHORIZATION_FAILED")
        elif kind == "partition":
            self.refused[f"{topic} {self.chance.randrange(3)}"] = Refusal("partition", "NOT_ENOUGH_REPLICAS")
        elif kind == "record":
            self.refused[f"fifth {self.chance.randrange(5)}"] = Refusal("record", "MESSAGE_TOO_LARGE")
        else:
            key = self.chance.choice([b"", b"group-1", b"late-0", b"/writer/0"])
            self.refused[f"{topic} {key!r}"] = Refusal("record", "INVALID_RECORD")

    async def _replace(self, number: int, what: str) -> None:
        process = self.processes[number]
        if what == "stop":
            await process.stop()
        else:
            publisher = self.chance.choice([process.publisher, process.held_publisher])
            publisher.die_after = self.chance.randint(0, 40)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(publisher.dead.wait(), self.chance.random())
            self.ended += 1
            await process.kill()
        self.processes[number] = Process(self.settings, self.broker)
        self.processes[number].start()

    @contextlib.asynccontextmanager
    async def troubled(self) -> AsyncIterator[None]:
        """Cause faults during the block, and undo them at the end."""
        troubling = asyncio.create_task(self.trouble())
        try:
            yield
        finally:
            # Not cancelled: a partly stopped process would keep its session, and with it its shards.
            self.over = True
            await troubling
        self.refused.clear()
        for process in self.processes:
            process.publisher.failures.clear()
