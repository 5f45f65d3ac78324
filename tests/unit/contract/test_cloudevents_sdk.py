"""Interoperability with the CloudEvents SDK in both content modes and both directions."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary, from_structured, to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from service.contract.envelope import Received, parse
from service.contract.message import Message
from service.contract.render import render
from service.contract.schemas import dataschema
from service.contract.sending import command_record
from service.contract.topics import Topics
from service.core.decision import Decision
from tests.support.record import FakeRecord
from tests.unit.contract import seed
from tests.unit.contract.golden import golden
from tests.unit.contract.support import AT, LIMITS, TOPICS, received, record

GOLDEN = golden()
COMMANDS = pytest.mark.parametrize("event", seed.EVENTS_OF_COMMANDS.values(), ids=seed.EVENTS_OF_COMMANDS.keys())


def sdk_event(event: dict[str, Any]) -> CloudEvent:
    """Return an event of the registry as an event of the SDK."""
    attributes = {name: value for name, value in event.items() if name != "data"}
    return CloudEvent(attributes, event["data"])


def read(message: KafkaMessage, topic: str) -> Received:
    """Parse a message of the SDK."""
    key = message.key.encode() if isinstance(message.key, str) else message.key
    (answer,) = parse([FakeRecord(topic, 3, 17, key, message.value, tuple(message.headers.items()))], TOPICS, LIMITS)
    assert isinstance(answer, Received), answer
    return answer


@COMMANDS
def test_binary_command_of_the_sdk_is_parsed(event: dict[str, Any]) -> None:
    expected = received(record(event))
    assert read(to_binary(sdk_event(event), JSONFormat()), expected.record.topic).command == expected.command


@COMMANDS
def test_structured_command_of_the_sdk_is_parsed(event: dict[str, Any]) -> None:
    expected = received(record(event))
    assert read(to_structured(sdk_event(event), JSONFormat()), expected.record.topic).command == expected.command


@COMMANDS
def test_sdk_reads_commands(event: dict[str, Any]) -> None:
    for mode, reader in (("binary", from_binary), ("structured", from_structured)):
        sent = command_record(event, TOPICS, "binary" if mode == "binary" else "structured")
        found = reader(KafkaMessage(dict(sent.headers), sent.key, sent.value), JSONFormat())
        assert (found.get_id(), found.get_source(), found.get_type()) == (event["id"], event["source"], event["type"])
        assert found.get_subject() == event.get("subject")
        assert found.get_data() == event["data"]


def answers() -> list[Message]:
    """Return all events, and outcomes of accepted and unchanged commands."""
    command = received(record(seed.EVENTS_OF_COMMANDS["user.create"]))
    messages = [render(command, Decision("accepted", 1, event, ()), 7, AT, TOPICS)[0] for event in seed.EVENTS.values()]
    messages += render(command, Decision("unchanged", 1, None, ()), 8, AT, TOPICS)
    return [*messages, render(command, Decision("accepted", 1, seed.EVENTS["user.created"], ()), 9, AT, TOPICS)[1]]


@pytest.mark.parametrize("message", answers(), ids=lambda message: message.type)
def test_sdk_reads_published_messages(message: Message) -> None:
    headers = {name: value for name, value in message.headers if value is not None}
    found = from_binary(KafkaMessage(headers, message.key, message.payload or b""), JSONFormat())
    assert (found.get_id(), found.get_type(), found.get_source()) == (message.id, message.type, "/producer-registry")
    assert found.get_subject() == message.aggregateid
    assert found.get_datacontenttype() == "application/json"
    assert found.get_dataschema() == headers["ce_dataschema"].decode()
    assert found.get_extension("partitionkey") == (message.key or b"").decode()
    assert found.get_extension("causationid") == "seed-user.create"
    assert found.get_extension("sequence") == f"{message.position:020d}"
    time = found.get_time()
    assert time is not None
    assert time.isoformat() == "2026-11-22T10:00:00+00:00"
    assert found.get_data() == orjson.loads(message.payload or b"")


@pytest.mark.parametrize("name", sorted(name for name in GOLDEN if name.startswith(("event/", "outcome/"))))
def test_every_golden_event_and_outcome_is_a_valid_cloudevent(name: str) -> None:
    message = GOLDEN[name]
    headers = {name: value.encode() for name, _, value in (line.partition(": ") for line in message["headers"])}
    found = from_binary(KafkaMessage(headers, message["key"], orjson.dumps(message["value"])), JSONFormat())
    dataschema = found.get_dataschema()
    assert dataschema is not None
    # CloudEvents: an absolute URI, with a scheme and without a fragment.
    parts = urlsplit(dataschema)
    assert (parts.scheme, parts.fragment) == ("urn", "")
    assert re.fullmatch(r"urn:producer-registry:schema:[a-z-]+\.[a-z-]+:v1:[0-9a-f]{12}", dataschema)
    # Names of attributes have lower-case letters and digits only.
    assert all(re.fullmatch(r"ce_[a-z0-9]+", name) for name in headers if name != "content-type")


def test_the_addresses_of_an_installation_are_absolute() -> None:
    topics = Topics("registry", "https://registry.example.com/schemas/")
    command = received(record(seed.EVENTS_OF_COMMANDS["user.create"]))
    for message in render(command, Decision("accepted", 1, seed.EVENTS["user.created"], ()), 7, AT, topics):
        name = message.type.removeprefix("producer-registry.").removesuffix(".v1")
        expected = "https://registry.example.com/schemas/" + dataschema(name, "")
        assert dict(message.headers)["ce_dataschema"] == expected.encode()
