"""Commands are matched with their answers: outcomes by source and id, dead letters by offset."""

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from consumers.kafka.session import Acknowledgement, Follower, Sender
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
    """A stub of a broker with one partition, which delivers the records in `incoming`."""

    def __init__(self) -> None:
        self.sent: list[bytes | None] = []
        self.incoming: list[Record] = []

    async def send(self, topic: str, value: bytes | None, *_: Any, **__: Any) -> Acknowledgement:
        acknowledgement: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        acknowledgement.set_result(SimpleNamespace(partition=0, offset=len(self.sent)))
        self.sent.append(value)
        return Acknowledgement(acknowledgement, "the broker")

    async def poll(self, seconds: float = 0.5) -> list[Any]:
        await asyncio.sleep(0)
        incoming, self.incoming = self.incoming, []
        return incoming


@dataclass
class Fixture:
    wire: Wire = field(default_factory=Wire)

    def __post_init__(self) -> None:
        self.exchange = Exchange(self.wire, self.wire, TOPICS)

    async def answers(self, *ids: str) -> list[Answer]:
        preparer = CommandPreparer(TOPICS, source="/agency")
        commands: list[PreparedCommand] = [
            preparer.complete(row, {"type": "group.create", "id": id_}) for row, id_ in enumerate(ids, start=1)
        ]
        answers = await self.exchange.send(commands)
        await self.exchange.answered(0.05)
        return answers


def outcome(status: str, id_: str, source: str = "/agency", **more: object) -> Record:
    data = {"command": {"source": source, "id": id_, "type": "x"}, "subject": "g", "version": 1, "events": [], **more}
    return Record(TOPICS.outcomes, orjson.dumps(data), [("ce_type", f"producer-registry.command.{status}.v1".encode())])


def replayed(status: str, id_: str) -> Record:
    record = outcome(status, id_)
    record.headers.append(("ce_replayed", b"true"))
    return record


def dead_letter(offset: int) -> Record:
    error = "__connect.errors."
    headers: list[tuple[str, bytes | None]] = [
        (f"{error}topic", TOPICS.commands.encode()),
        (f"{error}partition", b"0"),
        (f"{error}offset", str(offset).encode()),
        ("dlq_reason", b"too-large"),
    ]
    return Record(TOPICS.dead_letters, b"{", headers)


async def test_each_command_gets_the_outcome_with_its_source_and_id() -> None:
    fixture = Fixture()
    fixture.wire.incoming = [outcome("rejected", "b"), outcome("accepted", "a", "/other"), outcome("accepted", "a")]
    assert [answer.status for answer in await fixture.answers("a", "b", "c")] == ["accepted", "rejected", "sent"]
    assert fixture.exchange.open == 1


async def test_duplicate_commands_get_one_outcome_each() -> None:
    fixture = Fixture()
    fixture.wire.incoming = [outcome("accepted", "a"), outcome("accepted", "a"), outcome("accepted", "a")]
    assert [answer.status for answer in await fixture.answers("a", "a")] == ["accepted", "accepted"]


async def test_an_answer_that_was_given_earlier_is_marked() -> None:
    fixture = Fixture()
    fixture.wire.incoming = [outcome("accepted", "a"), replayed("accepted", "b")]
    first, second = await fixture.answers("a", "b")
    assert (first.replayed, second.replayed) == (False, True)
    assert ("replayed" in first.as_json(), second.as_json()["replayed"]) == (False, True)


async def test_dead_letter_is_the_answer_if_it_has_the_offset_of_the_command() -> None:
    fixture = Fixture()
    fixture.wire.incoming = [dead_letter(1), dead_letter(7), outcome("accepted", "a")]
    first, second = await fixture.answers("a", "b")
    assert (first.status, second.status, second.reason) == ("accepted", "dead-letter", "too-large")
    assert second.errors == [{"code": "too-large", "message": "was sent to the dead-letter topic", "path": ""}]


@pytest.mark.parametrize(("more", "count"), [({}, 0), ({"more": 9_980}, 9_980), ({"more": "many"}, 0)])
async def test_a_rejection_has_the_number_of_errors_that_it_leaves_out(more: dict[str, object], count: int) -> None:
    fixture = Fixture()
    fixture.wire.incoming = [outcome("rejected", "a", problem={"code": "invalid", "errors": [], **more})]
    [answer] = await fixture.answers("a")
    assert answer.more == count


async def test_every_acknowledged_command_is_reported() -> None:
    fixture = Fixture()
    acknowledged: list[Answer] = []
    preparer = CommandPreparer(TOPICS)
    commands = [preparer.complete(row, {"type": "group.create"}) for row in range(2500)]
    assert await fixture.exchange.send(commands, acknowledged.append) == acknowledged
    assert len(acknowledged) == 2500


async def test_records_of_other_applications_are_ignored() -> None:
    fixture = Fixture()
    outcomes: list[object] = [{"command": 1}, {"command": {"source": "/agency"}}, {"command": {"source": [], "id": {}}}]
    fixture.wire.incoming = [
        *(Record(TOPICS.outcomes, orjson.dumps(data), outcome("accepted", "a").headers) for data in outcomes),
        Record(TOPICS.dead_letters, b"{", [("__connect.errors.partition", b"x"), ("__connect.errors.offset", b"\xff")]),
        Record(TOPICS.dead_letters, b"{", [("__connect.errors.partition", "²".encode())]),
        outcome("accepted", "a"),
    ]
    assert [answer.status for answer in await fixture.answers("a")] == ["accepted"]


async def test_the_answers_to_other_senders_do_not_prolong_the_wait() -> None:
    fixture = Fixture()

    async def busy(seconds: float = 0.5) -> list[Any]:
        await asyncio.sleep(0)
        return [outcome("accepted", "a", "/other")]

    fixture.wire.poll = busy  # type: ignore[method-assign]  # the topic of a busy registry
    async with asyncio.timeout(30):
        assert [answer.status for answer in await fixture.answers("a")] == ["sent"]
