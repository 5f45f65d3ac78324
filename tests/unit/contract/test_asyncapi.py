"""The AsyncAPI document contains all topics and messages, and all its references can be resolved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator

from service.contract.asyncapi import document
from service.contract.catalogue import COMMANDS, EVENTS, OUTCOMES, SNAPSHOTS
from service.contract.topics import Topics
from tests.unit.contract.golden import golden

TOPICS = Topics("acme")
DOCUMENT = document(TOPICS, "1.2.3", {"kafka": {"host": "broker:9092", "protocol": "kafka"}})


def references(node: Any) -> Iterator[str]:
    """Return all references."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def resolved(reference: str) -> Any:
    """Return the target of a reference."""
    node: Any = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return node


def test_every_reference_can_be_resolved() -> None:
    found = set(references(DOCUMENT))
    assert found
    assert all(resolved(reference) for reference in found)


def test_every_topic_is_a_channel() -> None:
    assert [channel["address"] for channel in DOCUMENT["channels"].values()] == list(TOPICS.all())


def test_every_message_is_in_the_channel_of_its_topic() -> None:
    channels = {channel["address"]: set(channel["messages"]) for channel in DOCUMENT["channels"].values()}
    for kind in COMMANDS:
        assert kind.name in channels[TOPICS.for_command[kind.type]]
    for event in (*EVENTS, *SNAPSHOTS):
        assert event.name in channels[TOPICS.events[event.aggregate]]
    assert channels[TOPICS.outcomes] == {f"command.{status}" for status in OUTCOMES}
    assert channels[TOPICS.dead_letters] == {"dead-letter"}


def test_every_header_that_is_written_is_described() -> None:
    for path, message in golden().items():
        folder, _, name = path.partition("/")
        if folder not in ("event", "outcome") or name not in DOCUMENT["components"]["messages"]:
            continue
        described = DOCUMENT["components"]["messages"][name]["headers"]["properties"]
        written = {header.partition(":")[0] for header in message["headers"] if header.startswith("ce_")}
        assert written <= set(described), path


def test_replies_to_commands_are_on_the_outcome_topic() -> None:
    received = [operation for operation in DOCUMENT["operations"].values() if operation["action"] == "receive"]
    assert [operation["reply"]["channel"]["$ref"] for operation in received] == ["#/channels/outcomes"] * 2


def test_headers_and_payloads_are_json_schemas() -> None:
    components = DOCUMENT["components"]
    schemas = [message["headers"] for message in components["messages"].values()] + [*components["schemas"].values()]
    meta = Draft202012Validator(Draft202012Validator.META_SCHEMA)
    assert [schema for schema in schemas if not meta.is_valid(schema)] == []
    assert len(schemas) > len(components["messages"]) > 0
