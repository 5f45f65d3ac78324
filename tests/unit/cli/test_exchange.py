"""Commands are matched with what comes back: outcomes by identity, dead letters by their place."""

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import orjson

from consumers.kafka.session import Follower, Sender
from service.cli.command_preparation import CommandPreparer, PreparedCommand
from service.cli.exchange import Answer, Exchange
from service.contract.topics import Topics

TOPICS = Topics("registry")


@dataclass
class Record:
    topic: str
    value: bytes | None
    headers: list[tuple[str, bytes | None]]
    partition: int = 0
    offset: int = 0
    timestamp: int = 0
    key: bytes | None = None


class Wire(Sender, Follower):
    """A broker of one partition that answers what the test says."""

    def __init__(self) -> None:
        self.sent: list[bytes | None] = []
        self.coming: list[Record] = []

    async def send(self, topic: str, value: bytes | None, *_: Any, **__: Any) -> asyncio.Future[Any]:
        place: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        place.set_result(SimpleNamespace(partition=0, offset=len(self.sent)))
        self.sent.append(value)
        return place

    async def poll(self, seconds: float = 0.5) -> list[Any]:
        await asyncio.sleep(0)
        coming, self.coming = self.coming, []
        return coming


@dataclass
class Fixture:
    wire: Wire = field(default_factory=Wire)

    def __post_init__(self) -> None:
        self.exchange = Exchange(self.wire, self.wire, TOPICS)

    async def answers(self, *ids: str) -> list[Answer]:
        outbound = CommandPreparer(TOPICS, source="/agency")
        commands: list[PreparedCommand] = [
            outbound.complete(row, {"type": "group.create", "id": id_}) for row, id_ in enumerate(ids, start=1)
        ]
        answers = await self.exchange.send(commands)
        await self.exchange.answered(0.05)
        return answers


def outcome(status: str, id_: str, source: str = "/agency") -> Record:
    data = {"command": {"source": source, "id": id_, "type": "x"}, "subject": "g", "version": 1, "events": []}
    return Record(TOPICS.outcomes, orjson.dumps(data), [("ce_type", f"producer-registry.command.{status}.v1".encode())])


def dead_letter(offset: int) -> Record:
    error = "__connect.errors."
    headers: list[tuple[str, bytes | None]] = [
        (f"{error}topic", TOPICS.commands.encode()),
        (f"{error}partition", b"0"),
        (f"{error}offset", str(offset).encode()),
        ("dlq_reason", b"too-large"),
    ]
    return Record(TOPICS.dead_letters, b"{", headers)


async def test_each_command_gets_the_outcome_of_its_identity() -> None:
    fixture = Fixture()
    fixture.wire.coming = [outcome("rejected", "b"), outcome("accepted", "a", "/other"), outcome("accepted", "a")]
    assert [answer.status for answer in await fixture.answers("a", "b", "c")] == ["accepted", "rejected", "sent"]
    assert fixture.exchange.open == 1


async def test_commands_of_the_same_identity_get_an_outcome_each() -> None:
    fixture = Fixture()
    fixture.wire.coming = [outcome("accepted", "a"), outcome("accepted", "a"), outcome("accepted", "a")]
    assert [answer.status for answer in await fixture.answers("a", "a")] == ["accepted", "accepted"]


async def test_dead_letter_is_the_answer_when_it_lay_where_the_command_was_put() -> None:
    fixture = Fixture()
    fixture.wire.coming = [dead_letter(1), dead_letter(7), outcome("accepted", "a")]
    first, second = await fixture.answers("a", "b")
    assert (first.status, second.status, second.reason) == ("accepted", "dead-letter", "too-large")
    assert second.errors == [{"code": "too-large", "message": "is a dead letter now", "path": ""}]


async def test_progress_counts_every_acknowledged_command() -> None:
    fixture = Fixture()
    reported: list[int] = []
    outbound = CommandPreparer(TOPICS, seed="s")
    commands = [outbound.complete(row, {"type": "group.create"}) for row in range(2500)]
    await fixture.exchange.send(commands, reported.append)
    assert sum(reported) == 2500
