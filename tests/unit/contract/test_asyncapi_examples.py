"""The AsyncAPI document has an example of each message as it is on the wire, and describes all its headers."""

import re
from collections.abc import Mapping
from typing import Any

import jsonschema_rs
import pytest

from service.contract.asyncapi import document
from service.contract.asyncapi.example import FILE, examples
from service.contract.catalogue import COMMANDS
from service.contract.envelope import Received
from service.contract.topics import Topics
from service.core.command import Invalid
from service.settings import Settings
from service.version import VERSION
from tests.unit.contract import asyncapi_examples
from tests.unit.contract.golden import golden, text
from tests.unit.contract.seed import EVENTS_OF_COMMANDS
from tests.unit.contract.support import parsed, received, record

DOCUMENT = document(Settings())
MESSAGES: dict[str, dict[str, Any]] = DOCUMENT["components"]["messages"]


def validator(schema: Mapping[str, Any]) -> jsonschema_rs.Draft202012Validator:
    """Return the validator of a schema of the document."""
    return jsonschema_rs.Draft202012Validator({**schema, "components": DOCUMENT["components"]})


def test_examples_are_those_of_the_golden_files() -> None:
    assert FILE.read_bytes() == text(asyncapi_examples.examples(golden()))


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_examples_are_valid(name: str) -> None:
    message = MESSAGES[name]
    assert message["examples"]
    headers, payload = validator(message["headers"]), validator(message["payload"])
    for example in message["examples"]:
        headers.validate(example["headers"])
        payload.validate(example["payload"])


def test_every_header_that_is_written_is_described() -> None:
    found = 0
    for name, message in MESSAGES.items():
        described = message["headers"]["properties"].keys()
        for example in message["examples"]:
            # A dead letter also has the headers of its record.
            written = {header for header in example["headers"] if name != "DeadLetter" or "dlq" in header}
            assert written <= described, name
            found += len(written)
    assert found


def test_examples_have_the_names_of_the_installation() -> None:
    topics = Topics("acme", "https://registry.example.com/schemas/")
    (letter, *_) = examples("DeadLetter", topics)
    assert letter["headers"]["__connect.errors.topic"] == "acme.commands.v1"
    assert letter["headers"]["dlq_service_version"] == VERSION
    assert examples("DeadLetterMark", topics)[0]["headers"]["dlq_mark_of"] == "acme.dead-letters.v1:3:17"
    (created,) = examples("GroupCreated", topics)
    assert created["headers"]["ce_dataschema"].startswith("https://registry.example.com/schemas/group.created:v1:")


@pytest.mark.parametrize("kind", COMMANDS, ids=lambda kind: str(kind.name))
def test_exactly_the_required_headers_of_a_command_are_required(kind: Any) -> None:
    name = "".join(word.capitalize() for word in re.split("[.-]", kind.name))
    required = MESSAGES[name]["headers"]["required"]
    complete = {**EVENTS_OF_COMMANDS[kind.name], "subject": "pc:1"}
    one = record(complete)
    only = [(header, value) for header, value in one.headers if header in required]
    assert {header for header, _ in only} == set(required)
    assert not isinstance(received(_with(one, only)).command.body, Invalid)
    for missing in required:
        answer = parsed(_with(one, [(header, value) for header, value in only if header != missing]))
        assert not isinstance(answer, Received) or isinstance(answer.command.body, Invalid), missing


@pytest.mark.parametrize("kind", COMMANDS, ids=lambda kind: str(kind.name))
def test_exactly_the_required_members_of_a_structured_command_are_required(kind: Any) -> None:
    name = "".join(word.capitalize() for word in re.split("[.-]", kind.name))
    schema = DOCUMENT["components"]["schemas"][f"{name}CloudEvent"]
    required, event = schema["required"], validator(schema)
    complete = {**EVENTS_OF_COMMANDS[kind.name], "subject": "pc:1"}
    assert {"data", *required} <= complete.keys()
    assert set(required) == {"specversion", "id", "source", "type", *(() if kind.creates else ("subject",))}
    for member in ("data", *required):
        short = {key: value for key, value in complete.items() if key != member}
        assert not event.is_valid(short), member


def _with(one: Any, headers: Any) -> Any:
    return type(one)(one.topic, one.partition, one.offset, one.key, one.value, tuple(headers))
