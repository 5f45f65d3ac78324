"""The SDKs of four languages read and validate every recorded message, and every message of the golden files."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

import orjson
import pytest

from service.contract.catalogue import COMMANDS, PUBLISHED, wire_type
from service.contract.record import Reason
from tests.interop.expected import assert_same_event, assert_same_record
from tests.interop.program import Program
from tests.interop.recording import record
from tests.support.broker_admin import broker_admin
from tests.support.checker.evidence import Seen
from tests.support.process import Service
from tests.support.registry import Registry
from tests.support.topic_log import read_topics
from tests.unit.contract.golden import golden

# Dead letters are copies of records, and only these reasons say that the record is an event.
EVENTS = ("unknown-type", "failed")


Lines = Mapping[str, dict[str, Any]]
"""What a program printed, by the place of the record."""


@dataclass(frozen=True, slots=True)
class Messages:
    """The records of a registry in which every message was written, and the golden messages on a topic of their own."""

    bootstrap: str
    recorded: Sequence[Seen]
    golden: Sequence[Seen]
    read: dict[str, Lines] = field(default_factory=dict)

    async def lines(self, program: Program) -> Lines:
        """Return what a program reads from all topics. It must read the bytes of each record, and runs once."""
        records = [*self.recorded, *self.golden]
        if program.language not in self.read:
            found = await program.read(self.bootstrap, Counter(seen.topic for seen in records))
            self.read[program.language] = {f"{one['topic']}:{one['partition']}:{one['offset']}": one for one in found}
        lines = self.read[program.language]
        assert lines.keys() == {seen.place for seen in records}
        for seen in records:
            assert_same_record(seen, lines[seen.place])
        return lines


@pytest.fixture(scope="module")
async def messages(registry: Registry, service: Service, kafka_bootstrap: str) -> Messages:
    """All messages, written to the broker."""
    recorded = await record(registry, service, kafka_bootstrap)
    topic = f"{registry.topics.prefix}-golden"
    async with broker_admin(kafka_bootstrap) as admin:
        await admin.create(topic)
    for key, value, headers in golden_records():
        await registry.send_together(topic, 0, [(value, headers)], key=key)
    return Messages(kafka_bootstrap, recorded, await read_topics(kafka_bootstrap, [topic]))


def golden_records() -> Iterator[tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]]:
    """Yield key, value and headers of each golden message; a command has one record for each content mode."""
    for message in golden().values():
        for one in (message["binary"], message["structured"]) if "binary" in message else (message,):
            yield _bytes(one["key"]), _value(one["value"]), [_header(line) for line in one["headers"]]


def dead(record: Seen) -> bool:
    """Tell whether a dead letter is a copy of a record that is not an event."""
    return (record.header("dlq_reason") or EVENTS[0]) not in EVENTS


def readable(record: Seen) -> bool:
    """Tell whether a record is an event with data whose content type is known; others are read as bytes only."""
    return not dead(record) and record.value is not None and record.header("content-type") is not None


async def test_every_recorded_message_is_read(program: Program, messages: Messages) -> None:
    letters = [seen for seen in messages.recorded if seen.header("dlq_reason") is not None]
    assert {letter.need("dlq_reason") for letter in letters} == set(get_args(Reason))
    unreadable = {
        ":".join(letter.need(f"__connect.errors.{part}") for part in ("topic", "partition", "offset"))
        for letter in letters
        if dead(letter)
    }
    assert len(unreadable) == sum(map(dead, letters))

    lines = await messages.lines(program)
    events = [seen for seen in messages.recorded if seen.place not in unreadable and readable(seen)]
    for seen in events:
        assert_same_event(seen, lines[seen.place], program.language)
    read = [lines[seen.place].get("attributes", {}) for seen in events]
    expected = {wire_type(name) for name in (*PUBLISHED, *(kind.name for kind in COMMANDS))}
    assert expected - {attributes.get("type") for attributes in read} == set()
    assert "true" in {attributes.get("replayed") for attributes in read}
    assert "/producer-registry" in {attributes.get("publishedby") for attributes in read}


async def test_every_golden_message_is_read(program: Program, messages: Messages) -> None:
    lines = await messages.lines(program)
    for seen in filter(readable, messages.golden):
        assert_same_event(seen, lines[seen.place], program.language)


def _header(line: str) -> tuple[str, bytes | None]:
    name, colon, value = line.partition(": ")
    return name, value.encode("latin-1") if colon else None


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode("latin-1")


def _value(value: object) -> bytes | None:
    """Return the body of a golden message: JSON, a text that is not JSON, or the length of a long body."""
    if isinstance(value, str):
        length = value.removesuffix(" bytes")
        return b" " * int(length) if length.isdigit() else value.encode("latin-1")
    return None if value is None else orjson.dumps(value)
