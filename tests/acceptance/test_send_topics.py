"""`topics`, `send`, `tail` and `dead-letters` as processes, with a broker only."""

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from consumers.kafka.session import publishing
from service.contract.dead_letter import dead_letter
from service.contract.record import Undecodable
from service.contract.timestamp import stamp
from service.contract.topics import Topics
from service.settings import Settings, load
from tests.support.ladder import Rung
from tests.support.program import Ended, program


@dataclass
class Broker:
    """A broker with a topic prefix for one test."""

    settings: Settings

    async def run(self, *arguments: str, stdin: str = "") -> Ended:
        names = ("kafka_bootstrap_servers", "kafka_idempotent_producer", "topic_prefix", "partitions")
        return await program(*arguments, stdin=stdin, **{name: getattr(self.settings, name) for name in names})

    @property
    def topics(self) -> Topics:
        return Topics(self.settings.topic_prefix)


@pytest.fixture
async def broker(kafka_bootstrap: str, broker_rung: Rung) -> Broker:
    """The shared broker, without topics of the prefix."""
    return Broker(
        load(
            {
                "kafka_bootstrap_servers": kafka_bootstrap,
                "kafka_idempotent_producer": broker_rung.is_apache,
                "topic_prefix": f"t{secrets.token_hex(4)}",
                "partitions": 2,
            }
        )
    )


@pytest.fixture
async def ready(broker: Broker) -> Broker:
    """The shared broker with topics of the prefix."""
    assert (await broker.run("topics", "create")).code == 0
    return broker


async def test_topics_are_created_once_and_then_reported_as_right(broker: Broker) -> None:
    missing = await broker.run("topics", "check", "--json")
    created = await broker.run("topics", "create", "--json")
    again = await broker.run("topics", "create", "--json")
    checked = await broker.run("topics", "check", "--json")
    assert (missing.code, created.code, again.code, checked.code) == (1, 0, 0, 0)
    states = [{json.loads(line)["state"] for line in ended.lines} for ended in (missing, created, again, checked)]
    assert states == [{"missing"}, {"created"}, {"right"}, {"right"}]
    assert [json.loads(line)["topic"] for line in created.lines] == list(broker.topics.all())


async def test_check_reports_differences_and_create_changes_nothing(ready: Broker) -> None:
    ended = await ready.run("topics", "check", "--partitions", "3")
    assert ended.code == 1
    assert all("partitions 2, not 3" in line for line in ended.lines)
    created = await ready.run("topics", "create", "--partitions", "3")
    assert created.code == 0
    assert all(line.startswith("different") for line in created.lines)


async def test_missing_topics_are_reported(broker: Broker) -> None:
    ended = await broker.run("tail", "events", "-n", "1")
    assert ended.code == 1
    assert "topics create" in ended.err


async def test_a_broker_that_does_not_answer_is_reported() -> None:
    ended = await program("topics", "check", kafka_bootstrap_servers="127.0.0.1:1")
    assert (ended.code, ended.out) == (1, "")
    assert "127.0.0.1:1" in ended.err
    assert len(ended.err.splitlines()) == 1


async def test_tail_shows_sent_commands_in_order(ready: Broker) -> None:
    rows = "subject,code,organization,roles\npc:1,A-1,pc:4,producer\npc:2,A-2,pc:4,producer\n"
    sent = await ready.run("send", "--type", "producer-code.create", "--json", stdin=rows)
    assert sent.code == 0, sent.err
    assert [json.loads(line)["status"] for line in sent.lines] == ["sent", "sent"]
    seen = await ready.run("tail", "commands", "--from", "beginning", "--until-end", "--json")
    events = [json.loads(line) for line in seen.lines]
    assert [(event["subject"], event["key"], event["data"]["code"]) for event in events] == [
        ("pc:1", "pc:4", "A-1"),
        ("pc:2", "pc:4", "A-2"),
    ]
    assert {event["topic"] for event in events} == {ready.topics.commands}
    filtered = await ready.run("tail", "commands", "--from", "beginning", "--type", "group.create", "--until-end")
    assert (filtered.code, filtered.out) == (0, "")
    first = await ready.run("tail", "commands", "--from", "beginning", "--key", "pc:4", "-n", "1")
    assert (first.code, len(first.lines)) == (0, 1)


async def test_nothing_is_sent_when_one_row_is_invalid(ready: Broker) -> None:
    rows = '{"type": "group.create", "data": {}}\n{"type": "group.creates"}\n'
    sent = await ready.run("send", stdin=rows)
    assert (sent.code, sent.out) == (1, "")
    assert "row 2" in sent.err
    seen = await ready.run("tail", "commands", "--from", "beginning", "--until-end")
    assert seen.out == ""


async def test_a_time_out_names_the_rows_without_an_answer_and_those_that_were_not_sent(ready: Broker) -> None:
    lines = ["group.create", "group.update", "role.put", "role.put", "user.create"]
    rows = "\n".join(json.dumps({"type": line, "subject": "s"}) for line in lines)
    sent = await ready.run("send", "--wait", "--json", "--timeout", "0.5", stdin=rows)
    assert sent.code == 1
    assert [(answer["row"], answer["status"]) for answer in map(json.loads, sent.lines)] == [(1, "sent"), (2, "sent")]
    assert sent.err.splitlines() == [
        "rows 1 to 2: no answer within 0.5 seconds",
        "rows 3 to 5: not sent, because earlier rows have no answer",
        "2 sent",
    ]


async def put_dead_letter(
    broker: Broker, reason: str = "unknown-type", *, value: bytes = b"\xff\x00{", failed: int = 2026
) -> None:
    """Publish a dead letter, as the service does; it failed in this year."""

    @dataclass
    class Record:
        topic: str
        partition: int = 0
        offset: int = 41
        key: bytes | None = b"k"
        value: bytes | None = None
        headers: tuple[tuple[str, bytes | None], ...] = (("ce_id", b"c-1"), ("x", b"\xfe"), ("x", b"2"))

    record = Record(broker.topics.commands, value=value)
    undecodable = Undecodable(record, reason, "no such type")  # type: ignore[arg-type]
    message = dead_letter(undecodable, 1, stamp(datetime(failed, 1, 1, tzinfo=UTC)), broker.topics)
    async with publishing(broker.settings) as publisher:
        headers = [(name, value or b"") for name, value in message.headers]
        await (await publisher.send(message.topic, message.payload, message.key, headers))


async def test_dead_letter_is_replayed_once_with_its_bytes(ready: Broker) -> None:
    await put_dead_letter(ready)
    listed = [json.loads(line) for line in (await ready.run("dead-letters", "list", "--json")).lines]
    assert [(letter["reason"], letter["state"]) for letter in listed] == [("unknown-type", "open")]
    address = listed[0]["address"]
    shown = json.loads((await ready.run("dead-letters", "show", address, "--json")).out)
    assert shown["headers"] == [["ce_id", "c-1"], ["x", "\\xfe"], ["x", "2"]]
    assert shown["value"] == "\\xff\x00{"

    assert (await ready.run("dead-letters", "replay", address)).code == 0
    again = await ready.run("dead-letters", "replay", address)
    assert again.code == 1
    assert "was replayed" in again.err
    assert (await ready.run("dead-letters", "replay", "--reason", "unknown-type")).err == "0 replayed\n"
    assert (await ready.run("dead-letters", "list")).out == ""
    commands = await ready.run("tail", "commands", "--from", "beginning", "--until-end", "--json")
    (replayed,) = [json.loads(line) for line in commands.lines]
    assert (replayed["id"], replayed["key"]) == ("c-1", "k")
    assert (await ready.run("dead-letters", "replay", address, "--again")).code == 0


async def test_discarded_dead_letter_is_listed_only_among_all(ready: Broker) -> None:
    await put_dead_letter(ready, "not-json")
    await put_dead_letter(ready, "tombstone")
    assert (await ready.run("dead-letters", "discard", "--reason", "not-json")).code == 0
    remaining = [json.loads(line)["reason"] for line in (await ready.run("dead-letters", "list", "--json")).lines]
    every = {
        (reported["reason"], reported["state"])
        for line in (await ready.run("dead-letters", "list", "--all", "--json")).lines
        for reported in [json.loads(line)]
    }
    assert remaining == ["tombstone"]
    assert every == {("not-json", "discarded"), ("tombstone", "open")}


async def test_dead_letters_are_listed_by_the_time_of_their_failure(ready: Broker) -> None:
    for year in (2023, 2025, 2021, 2024, 2022):
        await put_dead_letter(ready, failed=year)
    listed = [json.loads(line)["failed_at"][:4] for line in (await ready.run("dead-letters", "list", "--json")).lines]
    assert listed == ["2021", "2022", "2023", "2024", "2025"]


async def test_control_characters_are_shown_as_escapes(ready: Broker) -> None:
    await put_dead_letter(ready, value=b'{"name": "\x1b[2J\x9b"}')
    (letter,) = (await ready.run("dead-letters", "list", "--json")).lines
    shown = await ready.run("dead-letters", "show", json.loads(letter)["address"])
    assert "\x1b" not in shown.out
    assert '{"name": "\\x1b[2J\\x9b"}' in shown.out
    discarded = await ready.run("dead-letters", "discard", json.loads(letter)["address"], "--json")
    assert json.loads(discarded.out)["state"] == "discarded"


async def test_unknown_address_is_refused(ready: Broker) -> None:
    ended = await ready.run("dead-letters", "show", f"{ready.topics.dead_letters}:0:99")
    assert (ended.code, ended.out) == (1, "")
