"""Outcomes on reply topics: send commands, compare the arrived outcomes, and check readiness."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import TopicAuthorizationFailedError

from service.stack.port import HOST
from tests.support.process import Service
from tests.support.registry import Out, Registry
from tests.support.wait import eventually

ARRIVE_SECONDS = 120.0
ANSWER_SECONDS = 10.0
SAMPLE_SECONDS = 0.2
NO_ANSWER = 0
NAME = {"displayName": "Replied"}


@dataclass(frozen=True, slots=True)
class SentCommand:
    """A sent command: the topic and key of its outcome, and whether the broker refuses the outcome."""

    id: str
    topic: str
    key: bytes | None
    refused: bool


class Replies:
    """Requests outcomes on several topics from a registry with one process, and compares them with those that arrive.

    Each command has its own subject, so each accepted command has one event.
    """

    def __init__(self, registry: Registry, service: Service) -> None:
        self.service = service
        self._registry = registry
        self._sent: list[SentCommand] = []
        self._rejected: set[str] = set()
        self._out: list[Out] = []
        self._client = httpx.AsyncClient(trust_env=False, timeout=ANSWER_SECONDS)
        self._stack = contextlib.AsyncExitStack()

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Replies"]:
        """Follow topics until the end of the block."""
        async with self._client, self._stack:
            yield self
            self._registry.check(self._out)

    async def follow(self, *topics: str) -> None:
        """Read these topics from the beginning; each must exist and have one partition."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._registry.settings["kafka_bootstrap_servers"],
            auto_offset_reset="earliest",
            fetch_max_wait_ms=50,
            # The client notices a restored permission only at its next metadata request.
            metadata_max_age_ms=1000,
        )
        self._stack.push_async_callback(consumer.stop)
        await consumer.start()
        consumer.assign([TopicPartition(topic, 0) for topic in topics])
        following = asyncio.create_task(self._follow(consumer))
        self._stack.push_async_callback(_ended, following)

    async def ask(
        self,
        id_: str,
        *,
        to: str | None = None,
        key: str | None = "key",
        refused: bool = False,
        data: object = NAME,
        rejected: bool = False,
    ) -> None:
        """Send a command; `to` is the topic of its outcome, None for the default topic.

        `refused` means that the broker refuses the outcome for now. `rejected` means that the registry rejects the
        command, so there is no event.
        """
        more = {} if to is None else {"replyto": to}
        topic = to or self._registry.topics.outcomes
        self._sent.append(SentCommand(id_, topic, None if key is None else key.encode(), refused))
        if rejected:
            self._rejected.add(id_)
        await self._registry.command("organization.put", id_, data, id=id_, key=key, **more)

    async def neighbours(self, *, deadline: float = ARRIVE_SECONDS) -> None:
        """Wait for every outcome that is not refused, and for the events of all commands."""
        await self._all([sent for sent in self._sent if not sent.refused], deadline)

    async def released(self, *, deadline: float = ARRIVE_SECONDS) -> None:
        """Wait for every outcome, check order and ids, and wait until readiness names no refused topic."""
        await self._all(self._sent, deadline)
        for topic in {sent.topic for sent in self._sent}:
            self._check(topic)
        await self.not_held(*{sent.topic for sent in self._sent if sent.refused}, deadline=deadline)

    async def held(self, *topics: str, deadline: float = ARRIVE_SECONDS) -> None:
        """Wait until the process is ready and names these topics as held."""

        async def named() -> bool:
            status, body = await self.readiness()
            assert status == 200, body
            assert all(topic in body for topic in topics), body
            return True

        await eventually(named, deadline=deadline, what=f"readiness that names {topics}")

    async def not_held(self, *topics: str, deadline: float = ARRIVE_SECONDS) -> None:
        """Wait until the process is ready and names none of these topics."""

        async def unnamed() -> bool:
            status, body = await self.readiness()
            assert status == 200, body
            assert not [topic for topic in topics if topic in body], body
            return True

        await eventually(unnamed, deadline=deadline, what=f"readiness that does not name {topics}")

    @asynccontextmanager
    async def ready_throughout(self) -> AsyncIterator[None]:
        """Check that the process is ready for the duration of the block."""
        seen: list[tuple[int, str]] = []

        async def sample() -> None:
            while True:
                seen.append(await self.readiness())
                await asyncio.sleep(SAMPLE_SECONDS)

        sampling = asyncio.create_task(sample())
        try:
            yield
            await eventually(lambda: seen, what="an answer of readiness")
        finally:
            await _ended(sampling)
        # On a busy machine a request may time out.
        assert not [sample for sample in seen if sample[0] not in {200, NO_ANSWER}]

    async def readiness(self) -> tuple[int, str]:
        """Return the status and body of /readyz; the status is 0 without an answer."""
        try:
            answer = await self._client.get(f"http://{HOST}:{self.service.admin_port}/readyz")
        except httpx.TransportError as error:
            return NO_ANSWER, repr(error)
        return answer.status_code, answer.text

    def none_of_the_refused(self) -> None:
        """Check that no refused outcome has arrived, neither on its topic nor on the default topic."""
        refused = {sent.id for sent in self._sent if sent.refused}
        assert not refused & {_command(out) for out in self._outcomes()}

    async def _all(self, sent: Sequence[SentCommand], deadline: float) -> None:
        outcomes = {(one.topic, one.id) for one in sent}
        accepted = {one.id for one in self._sent} - self._rejected
        events = set(self._registry.topics.events.values())

        def complete() -> bool:
            arrived = {(out.topic, _command(out)) for out in self._outcomes()}
            changed = {_command(out) for out in self._registry.out if out.topic in events}
            for what, missing in (("outcomes", outcomes - arrived), ("events", accepted - changed)):
                assert not missing, f"{len(missing)} {what}, such as {sorted(missing)[:3]}"
            return True

        what = f"{len(outcomes)} outcomes and {len(accepted)} events"
        await eventually(complete, deadline=deadline, what=what)

    def _check(self, topic: str) -> None:
        """Check that each outcome of a topic has one id and its command's key, and that keys are in order."""
        commands = [one for one in self._sent if one.topic == topic]
        ids: dict[str, set[str]] = {}
        orders: dict[bytes | None, dict[str, None]] = {}
        for out in self._outcomes():
            if out.topic == topic:
                command = _command(out)
                ids.setdefault(command, set()).add(out.text["ce_id"])
                orders.setdefault(out.key, {}).setdefault(command)
        assert ids.keys() == {one.id for one in commands}
        assert not {command: found for command, found in ids.items() if len(found) > 1}
        for key in {one.key for one in commands}:
            sent = [one.id for one in commands if one.key == key]
            # Records without a key have no defined order.
            order = sorted if key is None else list
            assert order(orders[key]) == order(sent), key

    def _outcomes(self) -> list[Out]:
        default = self._registry.topics.outcomes
        return [*(out for out in self._registry.out if out.topic == default), *self._out]

    async def _follow(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            try:
                async for r in consumer:
                    self._out.append(Out(r.topic, r.partition, r.offset, r.key, r.value, tuple(r.headers)))
            except TopicAuthorizationFailedError:
                # A test has revoked the permission, and restores it later.
                await asyncio.sleep(SAMPLE_SECONDS)


def _command(out: Out) -> str:
    """Return the id of the command of an event or outcome. Fast, because waiting calls it for thousands of records."""
    return next(value.decode() for name, value in out.headers if name == "ce_causationid" and value is not None)


async def _ended(task: "asyncio.Task[None]") -> None:
    """Cancel a task that does not end by itself. Raises the error that it failed with."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
