"""Where the time of a command goes, from `send` until a subscriber has its event, one command at a time."""

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from consumers.kafka.client import connection
from service.stack.child import Child
from tests.load.contender import STOP_SECONDS
from tests.load.figure import Figure, percentile, short
from tests.load.report import Section, spread
from tests.load.servers import PARTITIONS, BrokerName, Registry, Servers
from tests.load.workload import Workload
from tests.load.write_steps import Step, discard_steps, statements_of, steps_in

CODES = 100_000
WARM = 100
TRACED = "timeline"
PAUSE_SECONDS = 0.05
"""Between two commands, so that the deletion of the sent frame does not delay the next one."""
ANSWER_SECONDS = 30.0

HOPS = (
    "send, until all replicas have it",
    "fetch, until the poll returns",
    "parsing, until the batch begins",
    "batch, with its COMMIT",
    "until the relay reads",
    "read of the frames",
    "until they are sent",
    "publish, until all replicas have them",
    "until the subscriber has the event",
)

Sent = tuple[float, float, float]
"""Times of one command: `send` begins, it is acknowledged, its event was read; in seconds of a monotonic clock."""


def hops_of(sent: Sequence[Sent], steps: Sequence[Step]) -> list[dict[str, float]]:
    """Return the milliseconds of each hop for each command. The event may arrive before the broker's answer does."""
    found = []
    for begin, acknowledged, received in sent:
        mine: dict[str, Step] = {}
        for step in steps:
            # The poll that has the command began before it was sent.
            inside = begin <= step[2] and step[1] <= received and (step[0] == "poll" or begin <= step[1])
            if inside and step[0] not in mine:
                mine[step[0]] = step
        if not {"poll", "batch", "relay read", "relay publish"} <= mine.keys():
            continue
        batch, read, publish = mine["batch"], mine["relay read"], mine["relay publish"]
        polled = mine["poll"][2]
        times = (begin, acknowledged, polled, batch[1], batch[2], read[1], read[2], publish[1], publish[2], received)
        found.append(
            {name: (after - before) * 1000 for name, (before, after) in zip(HOPS, pairwise(times), strict=True)}
        )
    return found


async def timeline(servers: Servers, count: int, rounds: int, broker: BrokerName) -> Section:
    """Measure the hops, and the statements of a batch of one command, with a traced process of role `all`."""
    hops, statements, wholes = [], [], []
    for number in range(rounds):
        sys.stderr.write(f"round {number + 1} of {rounds}\n")
        sent, recorded = await one_at_a_time(servers, count, broker, seed=2 * number)
        each = hops_of(sent, recorded)
        hops.append({name: median(one[name] for one in each) for name in HOPS})
        statements.append(statements_of(recorded))
        wholes.append([(received - begin) * 1000 for begin, _, received in sent])
    section = Section(f"A command, one at a time, broker {broker}: where the time goes", ("hop", "ms, median"))
    p50, p99 = (Figure(tuple(percentile(whole, share) for whole in wholes)) for share in (0.5, 0.99))
    section.rows = [["whole, median", spread(p50)], ["whole, 99th percentile", spread(p99)]]
    section.rows += [[f"  {name}", spread(Figure(tuple(one[name] for one in hops)))] for name in HOPS]
    section.rows += [[f"  {name}", short(took)] for name, took in statements[-1].items()]
    section.figures = {
        "p50": p50.as_json(),
        "p99": p99.as_json(),
        "hops": {name: Figure(tuple(one[name] for one in hops)).as_json() for name in HOPS},
        "statements": statements[-1],
    }
    return section


async def one_at_a_time(
    servers: Servers, count: int, broker: BrokerName, *, seed: int = 0
) -> tuple[list[Sent], list[Step]]:
    """Send so many commands to a traced process, after a warm-up. Return their times and the steps of the process."""
    file = servers.folder / f"steps-{seed}"
    async with (
        servers.registry(CODES, broker) as registry,
        traced(servers, registry, file) as child,
        Subscriber.opened(registry) as subscriber,
    ):
        await subscriber.send_all(WARM, seed)
        discard_steps(child)
        sent = await subscriber.send_all(count, seed + 1)
    return sent, steps_in(file)


@asynccontextmanager
async def traced(servers: Servers, registry: Registry, file: Path) -> AsyncIterator[Child]:
    """Run a traced process of role `all`; at the end the file has its steps."""
    command = (sys.executable, "-m", "tests.load.tracer", str(file), "serve")
    child = servers.child(TRACED, command, registry.environment())
    try:
        yield child
    finally:
        await child.stop(signal.SIGTERM, seconds=STOP_SECONDS)


class Subscriber:
    """Sends commands one after the other, and waits for the event of each."""

    def __init__(self, registry: Registry) -> None:
        options = connection(registry.settings)
        self._producer: Any = AIOKafkaProducer(**options, acks="all")
        self._consumer: Any = AIOKafkaConsumer(**options, enable_auto_commit=False)
        self._topics = registry.topics

    @classmethod
    @asynccontextmanager
    async def opened(cls, registry: Registry) -> AsyncIterator["Subscriber"]:
        self = cls(registry)
        async with contextlib.AsyncExitStack() as stack:
            for client in (self._producer, self._consumer):
                stack.push_async_callback(client.stop)
                await client.start()
            places = [TopicPartition(t, n) for t in self._topics.events.values() for n in range(PARTITIONS)]
            self._consumer.assign(places)
            for place in places:
                self._consumer.seek(place, 0)
            yield self

    async def send_all(self, count: int, seed: int) -> list[Sent]:
        """Send so many commands, and return the times of each."""
        return [await self._send(sent) for sent in Workload(CODES, seed + 1).take(count)]

    async def _send(self, sent: Any) -> Sent:
        await asyncio.sleep(PAUSE_SECONDS)
        begin = time.monotonic()
        publishing = asyncio.ensure_future(
            self._producer.send_and_wait(self._topics.commands, sent.value, key=sent.key, headers=sent.headers)
        )
        publishing.add_done_callback(lambda _: times.append(time.monotonic()))
        times: list[float] = []
        async with asyncio.timeout(ANSWER_SECONDS):
            await self._consumer.getone()
            received = time.monotonic()
            await publishing
        await asyncio.sleep(0)
        return begin, times[0], received
