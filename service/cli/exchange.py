"""Send commands and collect the answers: outcomes are matched by source and id, dead letters by their offset."""

import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from consumers.kafka.session import Follower, Sender, following, publishing
from service.cli.command_preparation import PreparedCommand
from service.cli.message import Message, read
from service.contract.topics import Topics
from service.settings import Settings

WINDOW = 1000
"""Maximum number of records that are sent but not yet acknowledged by the broker."""


@dataclass(slots=True)
class Answer:
    """The answer to one command.

    `status` is "sent" (no answer yet), "accepted", "unchanged", "rejected" or "dead-letter". `replayed` means that the
    command was decided earlier. `outcome` is the data of the outcome, `reason` the reason of a dead letter.
    """

    command: PreparedCommand
    acknowledged: bool = False
    status: str = "sent"
    replayed: bool = False
    outcome: dict[str, Any] = field(default_factory=dict)
    reason: str = ""

    @property
    def errors(self) -> list[dict[str, str]]:
        """Code, message and path of each error of a rejected or dead-lettered command."""
        if self.status == "dead-letter":
            return [{"code": self.reason, "message": "was sent to the dead-letter topic", "path": ""}]
        return list(self.outcome.get("problem", {}).get("errors", []))

    @property
    def more(self) -> int:
        """The number of errors that the outcome leaves out."""
        more = self.outcome.get("problem", {}).get("more")
        return more if isinstance(more, int) else 0

    def as_json(self) -> dict[str, Any]:
        """Return the answer as one JSON object."""
        command = {"row": self.command.row, "source": self.command.source, "id": self.command.id}
        outcome = {name: value for name, value in self.outcome.items() if name != "command"}
        reason = {"reason": self.reason} if self.reason else {}
        replayed = {"replayed": True} if self.replayed else {}
        return {**command, "type": self.command.type, "status": self.status, **replayed, **outcome, **reason}


class Exchange:
    """Publish commands and match them with the answers of the registry.

    `sent` has the answers to all commands in the order of sending, `open` is the number of unanswered commands, and
    `known` is called with each answer when it arrives.
    """

    def __init__(self, publisher: Sender, follower: Follower | None, topics: Topics) -> None:
        self.sent: list[Answer] = []
        self.known: Callable[[Answer], None] = lambda _: None
        self._publisher = publisher
        self._follower = follower
        self._topics = topics
        self._waiting: dict[tuple[str, str], deque[Answer]] = {}
        self._by_offset: dict[tuple[str, int, int], Answer] = {}
        self.open = 0

    async def send(
        self, commands: Iterable[PreparedCommand], acknowledged: Callable[[Answer], None] = lambda _: None
    ) -> list[Answer]:
        """Publish commands in order. `acknowledged` is called for each command that the broker acknowledges."""
        first = len(self.sent)
        in_flight: deque[tuple[Answer, Any]] = deque()
        for command in commands:
            answer = Answer(command)
            self.sent.append(answer)
            self._waiting.setdefault((command.source, command.id), deque()).append(answer)
            self.open += 1
            sent = await self._publisher.send(command.topic, command.value, command.key, command.headers)
            in_flight.append((answer, sent))
            if len(in_flight) >= WINDOW:
                await self._await_acknowledgements(in_flight, acknowledged)
                await self.poll(0)
        await self._await_acknowledgements(in_flight, acknowledged)
        return self.sent[first:]

    async def _await_acknowledgements(
        self, in_flight: deque[tuple[Answer, Any]], acknowledged: Callable[[Answer], None]
    ) -> None:
        while in_flight:
            answer, acknowledgement = in_flight.popleft()
            metadata = await acknowledgement
            answer.acknowledged = True
            self._by_offset[answer.command.topic, metadata.partition, metadata.offset] = answer
            acknowledged(answer)

    async def poll(self, seconds: float = 0.2) -> list[Message]:
        """Poll for messages for at most some seconds and match answers with their commands. Return the messages."""
        if self._follower is None:
            return []
        messages = [read(record) for record in await self._follower.poll(seconds)]
        for message in messages:
            self._match(message)
        return messages

    async def answered(self, seconds: float) -> None:
        """Wait for the answers to all commands, or until none arrives for the given number of seconds."""
        deadline, unanswered = time.monotonic() + seconds, self.open
        while self.open and time.monotonic() < deadline:
            await self.poll()
            if self.open < unanswered:
                deadline, unanswered = time.monotonic() + seconds, self.open

    def _match(self, message: Message) -> None:
        if message.topic == self._topics.dead_letters:
            self._match_dead_letter(message)
            return
        match message.data:
            case {"command": {"source": str(source), "id": str(id_)}} if message.type.startswith("command."):
                if waiting := self._waiting.get((source, id_)):
                    answer = waiting.popleft()
                    answer.replayed = message.attributes.get("replayed") == "true"
                    self._close(answer, message.type.removeprefix("command."), outcome=message.data)

    def _match_dead_letter(self, message: Message) -> None:
        error = "__connect.errors."
        origin = (
            message.headers.get(f"{error}topic", ""),
            _number(message.headers.get(f"{error}partition", "")),
            _number(message.headers.get(f"{error}offset", "")),
        )
        answer = self._by_offset.get(origin)
        if answer is not None and answer.status == "sent":
            self._waiting[answer.command.source, answer.command.id].remove(answer)
            self._close(answer, "dead-letter", reason=message.headers.get("dlq_reason", "unknown"))

    def _close(self, answer: Answer, status: str, outcome: dict[str, Any] | None = None, reason: str = "") -> None:
        answer.status, answer.outcome, answer.reason = status, outcome or {}, reason
        self.open -= 1
        self.known(answer)


def _number(text: str) -> int:
    """Return the number in a header, -1 if it has none: any client can write to the topic."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else -1


@asynccontextmanager
async def exchange(settings: Settings, *, wait: bool, watch: Sequence[str] = ()) -> AsyncIterator[Exchange]:
    """Open an exchange. With `wait`, it follows the outcomes, the dead letters and the topics in `watch`.

    Raises consumers.kafka.session.BrokerUnavailable.
    """
    topics = Topics(settings.topic_prefix)
    async with publishing(settings) as publisher:
        if not wait:
            yield Exchange(publisher, None, topics)
            return
        followed = [topics.outcomes, topics.dead_letters, *watch]
        async with following(settings, list(dict.fromkeys(followed))) as follower:
            yield Exchange(publisher, follower, topics)
