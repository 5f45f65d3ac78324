"""The writer and the relay of a process, with a real outbox and a broker that fails and refuses on demand."""

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
    """Refuse nothing."""
    return None


@dataclass
class Broker:
    """The messages that all publishers of a test have delivered, in order; `refuses` returns the refusals."""

    delivered: list[Message] = field(default_factory=list)
    refuses: Callable[[Message], Refusal | None] = takes_all

    refused_since: dict[tuple[str, bytes | None], float] = field(default_factory=dict)
    """The time of the first refusal of a topic and key (monotonic seconds)."""

    def ids(self) -> list[str]:
        """The ids of the delivered messages."""
        return [message.id for message in self.delivered]

    def versions(self, subject: str) -> list[str]:
        """Return the versions in the events of an organization, in order."""
        events = [m for m in self.delivered if m.aggregateid == subject and m.aggregatetype == "directory"]
        return [dict(message.headers)["ce_entityversion"].decode() for message in events]  # type: ignore[union-attr]


class StubPublisher(Publisher):
    """Delivers to the broker; `failures` are the numbers of delivered messages of each chunk before an outage.

    `die_after` is the number of messages it delivers before its process dies; `dead` is set at that time.
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
        """Do nothing: the stub stores no refusals."""

    def try_all(self) -> None:
        """Do nothing: the stub stores no refusals."""

    async def send(self, messages: Sequence[Message]) -> Report:
        """Deliver in order, and skip messages behind a refused one of the same key, like the real publisher."""
        aborted = self.aborted
        await self.gate.wait()
        if aborted != self.aborted:
            return Report(error=OSError("the producer was discarded"))
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
        """Do nothing: there is nothing to close."""

    async def abort(self) -> None:
        """Let senders that wait at the gate deliver nothing."""
        self.aborted += 1


class Process:
    """The writer and the relay of a process; with `states` it also writes records of the state topics."""

    def __init__(
        self, settings: Settings, broker: Broker, health: Health | None = None, *, states: bool = False
    ) -> None:
        settings = settings.model_copy(update={"state_topics": states})
        self.publisher, self.held_publisher = StubPublisher(broker), StubPublisher(broker)
        self.health = health or Health(["relay"])
        self.outbox = OutboxStore(settings)
        self.relay = Relay(self.outbox, self.publisher, self.held_publisher, health=self.health)
        self.store = CommandStore(settings, TOPICS, origin=ORIGIN, held=lambda: self.relay.shards)
        self.task: asyncio.Task[None] | None = None

    async def apply(self, batch: Sequence[Parsed]) -> Applied:
        """Decide a batch and wake the relay, as a process does."""
        applied = await self.store.apply(batch)
        self.relay.wake()
        return applied

    def start(self) -> None:
        """Start the relay."""
        self.task = asyncio.create_task(self.relay.run())

    async def kill(self) -> None:
        """End like a killed process: nothing is finished or cleaned up, and the server ends its sessions."""
        self.publisher.dead.set()
        self.held_publisher.dead.set()
        if self.task is not None:
            self.task.cancel()
            await asyncio.wait((self.task,))
        await self.outbox.close()
        await self.store.close()

    async def stop(self) -> None:
        """Stop the relay in an orderly way."""
        self.relay.stop()
        if self.task is not None and not self.task.done():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.task, 20)
        await self.store.close()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Process"]:
        """Run the relay for the duration of the block."""
        self.start()
        try:
            yield self
        finally:
            await self.stop()
