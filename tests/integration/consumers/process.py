"""Writer and relay of one process, between a real outbox and a broker that fails and refuses when it is told to."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from consumers.health import Health
from consumers.relay.publisher import Publisher
from consumers.relay.refusal import Refusal
from consumers.relay.relay import Relay
from consumers.relay.report import Report
from service.contract.envelope import Parsed
from service.contract.message import Message
from service.settings import Settings
from service.store.command_store import Applied, CommandStore
from service.store.offset_fence import Origin
from service.store.outbox_store import OutboxStore
from tests.support.record import TOPICS

ORIGIN = Origin("cluster", {TOPICS.commands: "commands", TOPICS.operator_commands: "operator"})


def takes_all(_: Message) -> Refusal | None:
    """A broker that refuses nothing."""
    return None


@dataclass
class Broker:
    """What all publishers of a test have delivered, in order; `refuses` says what is not taken."""

    delivered: list[Message] = field(default_factory=list)
    refuses: Callable[[Message], Refusal | None] = takes_all

    refused_since: dict[tuple[str, bytes | None], float] = field(default_factory=dict)
    """When a topic and key were refused first (monotonic seconds)."""

    def ids(self) -> list[str]:
        """The ids of what was delivered."""
        return [message.id for message in self.delivered]

    def versions(self, subject: str) -> list[str]:
        """The versions that the events of an organization tell, in order."""
        events = [m for m in self.delivered if m.aggregateid == subject and m.aggregatetype == "directory"]
        return [dict(message.headers)["ce_entityversion"].decode() for message in events]  # type: ignore[union-attr]


class StubPublisher(Publisher):
    """Delivers to the broker; `failures` are how many messages of a chunk get through before an outage.

    `die_after` is how many more messages it delivers before its process dies; `dead` is set by then.
    """

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.failures: list[int] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.aborted = 0
        self.die_after: int | None = None
        self.dead = asyncio.Event()

    def lift_refusals(self, partitions: set[tuple[str, int]]) -> None:
        """A stub remembers no refusal."""

    def try_all(self) -> None:
        """A stub remembers no refusal."""

    async def send(self, messages: Sequence[Message]) -> Report:
        """Deliver in order; what is behind a refused record of its key is left out, as the real publisher does."""
        aborted = self.aborted
        await self.gate.wait()
        if aborted != self.aborted:
            return Report(error=OSError("the producer was given up"))
        through = self.failures.pop(0) if self.failures else len(messages)
        report = Report()
        stopped: set[tuple[str, bytes | None]] = set()
        for message in messages[:through]:
            if self.die_after is not None or self.dead.is_set():
                await self._die()
            tp = message.topic, message.key
            refusal = self.broker.refuses(message)
            if refusal is not None:
                since = self.broker.refused_since.setdefault(tp, time.monotonic())
                report.refused[message.position] = replace(refusal, since=since)
                if refusal.kind == "record":
                    report.again = True
                    stopped.add(tp)
            elif message.key is None or tp not in stopped:
                self.broker.delivered.append(message)
                report.sent.add(message.position)
        if through < len(messages):
            report.error = OSError("the broker is away")
        return report

    async def _die(self) -> None:
        if self.die_after:
            self.die_after -= 1
            return
        self.dead.set()
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Nothing to close."""

    async def abort(self) -> None:
        """Whoever waits at the gate delivers nothing any more."""
        self.aborted += 1


class Process:
    """Writer and relay of one process."""

    def __init__(self, settings: Settings, broker: Broker) -> None:
        self.publisher, self.held_publisher = StubPublisher(broker), StubPublisher(broker)
        self.health = Health(["relay"])
        self.outbox = OutboxStore(settings)
        self.relay = Relay(self.outbox, self.publisher, self.held_publisher, health=self.health)
        self.store = CommandStore(settings, TOPICS, origin=ORIGIN, held=lambda: self.relay.shards)
        self.task: asyncio.Task[None] | None = None

    async def apply(self, batch: Sequence[Parsed]) -> Applied:
        """Decide a batch and tell the relay, as a process does."""
        applied = await self.store.apply(batch)
        self.relay.wake()
        return applied

    def start(self) -> None:
        """Let the relay run."""
        self.task = asyncio.create_task(self.relay.run())

    async def kill(self) -> None:
        """End as a killed process does: nothing is finished or cleaned up, and the server ends its sessions."""
        self.publisher.dead.set()
        self.held_publisher.dead.set()
        if self.task is not None:
            self.task.cancel()
            await asyncio.wait((self.task,))
        await self.outbox.close()
        await self.store.close()

    async def stop(self) -> None:
        """End as a process does that is asked to."""
        self.relay.stop()
        if self.task is not None and not self.task.done():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.task, 20)
        await self.store.close()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Process"]:
        """Let the relay run."""
        self.start()
        try:
            yield self
        finally:
            await self.stop()
