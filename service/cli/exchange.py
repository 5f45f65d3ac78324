"""Sending commands and collecting what comes back: outcomes by the command's identity, dead letters by their place."""

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
"""So many records may be on their way to the broker at once."""


@dataclass(slots=True)
class Answer:
    """What became of one command.

    `status` is "sent" (nothing known yet), "accepted", "unchanged", "rejected" or "dead-letter"; `outcome` is its
    outcome's data, `reason` why it is a dead letter.
    """

    command: PreparedCommand
    status: str = "sent"
    outcome: dict[str, Any] = field(default_factory=dict)
    reason: str = ""

    @property
    def errors(self) -> list[dict[str, str]]:
        """Code, message and path of everything that is wrong with a command that was not taken."""
        if self.status == "dead-letter":
            return [{"code": self.reason, "message": "is a dead letter now", "path": ""}]
        return list(self.outcome.get("problem", {}).get("errors", []))

    def as_json(self) -> dict[str, Any]:
        """The answer as one JSON object."""
        command = {"row": self.command.row, "source": self.command.source, "id": self.command.id}
        known = {name: value for name, value in self.outcome.items() if name != "command"}
        reason = {"reason": self.reason} if self.reason else {}
        return {**command, "type": self.command.type, "status": self.status, **known, **reason}


class Exchange:
    """Publishes commands and matches them with what the registry answers; `open` counts those without an answer."""

    def __init__(self, publisher: Sender, follower: Follower | None, topics: Topics) -> None:
        self._publisher = publisher
        self._follower = follower
        self._topics = topics
        self._waiting: dict[tuple[str, str], deque[Answer]] = {}
        self._places: dict[tuple[str, int, int], Answer] = {}
        self.open = 0

    async def send(
        self, commands: Iterable[PreparedCommand], progress: Callable[[int], None] = lambda _: None
    ) -> list[Answer]:
        """Publish commands in order; `progress` is told how many more the broker has acknowledged."""
        answers: list[Answer] = []
        under_way: deque[tuple[Answer, Any]] = deque()
        for command in commands:
            answer = Answer(command)
            answers.append(answer)
            self._waiting.setdefault((command.source, command.id), deque()).append(answer)
            self.open += 1
            sent = await self._publisher.send(command.topic, command.value, command.key, command.headers)
            under_way.append((answer, sent))
            if len(under_way) >= WINDOW:
                await self._acknowledged(under_way.popleft())
                progress(1)
        while under_way:
            await self._acknowledged(under_way.popleft())
            progress(1)
        return answers

    async def _acknowledged(self, sent: tuple[Answer, Any]) -> None:
        answer, acknowledgement = sent
        tp = await acknowledgement
        self._places[answer.command.topic, tp.partition, tp.offset] = answer

    async def poll(self) -> list[Message]:
        """What came back by now (waits a moment for it); answers are matched with their commands."""
        if self._follower is None:
            return []
        messages = [read(record) for record in await self._follower.poll(0.2)]
        for message in messages:
            self._match(message)
        return messages

    async def answered(self, seconds: float, progress: Callable[[int], None] = lambda _: None) -> None:
        """Wait for the answers of all commands sent, while something comes at least every so many seconds.

        `progress` is told how many more have come.
        """
        deadline = time.monotonic() + seconds
        while self.open and time.monotonic() < deadline:
            before = self.open
            if await self.poll():
                deadline = time.monotonic() + seconds
            progress(before - self.open)

    def _match(self, message: Message) -> None:
        if message.topic == self._topics.dead_letters:
            self._match_dead_letter(message)
        elif message.type.startswith("command.") and isinstance(message.data, dict):
            command = message.data["command"]
            waiting = self._waiting.get((command["source"], command["id"]))
            if waiting:
                self._close(waiting.popleft(), message.type.removeprefix("command."), outcome=message.data)

    def _match_dead_letter(self, message: Message) -> None:
        error = "__connect.errors."
        tp = (
            message.headers.get(f"{error}topic", ""),
            int(message.headers.get(f"{error}partition", -1)),
            int(message.headers.get(f"{error}offset", -1)),
        )
        answer = self._places.get(tp)
        if answer is not None and answer.status == "sent":
            self._waiting[answer.command.source, answer.command.id].remove(answer)
            self._close(answer, "dead-letter", reason=message.headers.get("dlq_reason", "unknown"))

    def _close(self, answer: Answer, status: str, outcome: dict[str, Any] | None = None, reason: str = "") -> None:
        answer.status, answer.outcome, answer.reason = status, outcome or {}, reason
        self.open -= 1


@asynccontextmanager
async def exchange(settings: Settings, *, wait: bool, watch: Sequence[str] = ()) -> AsyncIterator[Exchange]:
    """An exchange; when it shall wait for answers it follows outcomes, dead letters and the topics to `watch`.

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
