"""The AsyncAPI document contains all topics and messages of an installation, and is valid."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from jsonschema import Draft7Validator

from service.contract.asyncapi import document
from service.contract.catalogue import COMMANDS, EVENTS, OUTCOMES, SNAPSHOTS, wire_type
from service.contract.topics import Topics
from service.settings import Settings

TOPICS = Topics("acme")
DOCUMENT = document(Settings(topic_prefix="acme"))
SASL = {
    "kafka_security_protocol": "SASL_SSL",
    "kafka_sasl_mechanism": "SCRAM-SHA-256",
    "kafka_sasl_username": "registry-user",
    "kafka_sasl_password": "registry-password",
}
SCHEMA = jsonschema_rs.Draft7Validator(
    json.loads((Path(__file__).parent / "asyncapi_schema" / "3.0.0.json").read_bytes())
)


def nodes(node: Any, *path: str) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Yield all JSON objects of a document with their paths."""
    if isinstance(node, dict):
        yield path, node
        for name, value in node.items():
            yield from nodes(value, *path, name)
    elif isinstance(node, list):
        for place, value in enumerate(node):
            yield from nodes(value, *path, str(place))


def resolved(reference: str) -> Any:
    """Return the target of a reference."""
    node: Any = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return node


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"asyncapi_bootstrap_servers": "a:1,b:2", "api_contact": "operator@example.com", **SASL},
        {"reply_topics": ("one", "two"), "replication": 3, "schema_base_uri": "https://registry.example.com/schemas/"},
    ],
    ids=["default", "servers", "replies"],
)
def test_document_is_valid(settings: dict[str, Any]) -> None:
    assert [error.message for error in SCHEMA.iter_errors(document(Settings(**settings)))] == []


def test_every_reference_can_be_resolved() -> None:
    found = {node["$ref"] for _, node in nodes(DOCUMENT) if isinstance(node.get("$ref"), str)}
    assert found
    assert all(resolved(reference) for reference in found)


def test_every_topic_is_a_channel() -> None:
    addresses = [channel["address"] for channel in DOCUMENT["channels"].values()]
    assert [address for address in addresses if address] == list(TOPICS.all())


def test_every_message_is_in_the_channel_of_its_topic() -> None:
    types: dict[str, set[str]] = {}
    for channel in DOCUMENT["channels"].values():
        messages = [resolved(message["$ref"]) for message in channel["messages"].values()]
        found = {message["headers"]["properties"].get("ce_type", {}).get("const") for message in messages}
        types[channel["address"]] = found - {None}
    for kind in COMMANDS:
        assert kind.type in types[TOPICS.for_command[kind.type]]
    for event in (*EVENTS, *SNAPSHOTS):
        assert event.type in types[TOPICS.events[event.aggregate]]
    for event in SNAPSHOTS:
        assert event.type in types[TOPICS.states[event.aggregate]]
    assert types[TOPICS.outcomes] == {wire_type(f"command.{status}") for status in OUTCOMES}
    assert set(DOCUMENT["channels"]["deadLetters"]["messages"]) == {"DeadLetter", "DeadLetterMark"}


def test_every_message_is_in_a_channel() -> None:
    used = {name for channel in DOCUMENT["channels"].values() for name in channel["messages"]}
    assert used == set(DOCUMENT["components"]["messages"])


def test_outcomes_of_commands_are_on_the_topic_that_the_sender_names_or_on_the_default_one() -> None:
    replies = [one["reply"] for one in DOCUMENT["operations"].values() if one["action"] == "receive"]
    assert [reply["address"]["location"] for reply in replies] == ["$message.header#/ce_replyto"] * 2
    for reply in replies:
        channel = resolved(reply["channel"]["$ref"])
        assert channel["address"] is None
        assert channel["messages"] == DOCUMENT["channels"]["outcomes"]["messages"]


def test_headers_and_payloads_are_json_schemas_of_draft_7() -> None:
    components = DOCUMENT["components"]
    schemas = [message["headers"] for message in components["messages"].values()] + [*components["schemas"].values()]
    meta = jsonschema_rs.Draft7Validator(Draft7Validator.META_SCHEMA)
    assert [schema for schema in schemas if not meta.is_valid(schema)] == []
    newer = {"$defs", "$anchor", "$dynamicRef", "dependentRequired", "dependentSchemas", "prefixItems"}
    newer |= {"unevaluatedProperties", "unevaluatedItems", "minContains", "maxContains"}
    assert [path for path, node in nodes(schemas) if newer & node.keys()] == []
    assert len(schemas) > len(components["messages"]) > 0


def test_names_are_those_of_types_in_programs() -> None:
    components = DOCUMENT["components"]
    names = [*DOCUMENT["channels"], *DOCUMENT["operations"], *(name for part in components.values() for name in part)]
    assert [name for name in names if not re.fullmatch("[A-Za-z][A-Za-z0-9]*", name)] == []
    assert {name: schema["title"] for name, schema in components["schemas"].items()} == {
        name: name for name in components["schemas"]
    }


def test_every_object_enumeration_and_union_has_a_name() -> None:
    def needs_a_name(node: dict[str, Any]) -> bool:
        return "properties" in node or "enum" in node or any("$ref" in one for one in node.get("anyOf", ()))

    # Conditions are no types.
    found = [(path, node) for path, node in nodes(DOCUMENT["components"]) if not {"if", "then"} & set(path)]
    named = [(path, "title" in node) for path, node in found if needs_a_name(node)]
    assert [path for path, has_title in named if not has_title] == []
    assert len(named) > len(DOCUMENT["components"]["messages"])


def test_every_description_is_complete() -> None:
    parts = [
        *DOCUMENT["channels"].values(),
        *DOCUMENT["operations"].values(),
        *DOCUMENT["components"]["messages"].values(),
    ]
    assert [part for part in parts if not (part["summary"] and part["title"] and part["tags"])] == []
    for message in DOCUMENT["components"]["messages"].values():
        headers = message["headers"]["properties"].items()
        assert [name for name, schema in headers if not schema.get("description")] == [], message["name"]
    for channel in DOCUMENT["channels"].values():
        facts = ["Key", "Partition", "Order", "Delivery", *(["Retention"] if channel["address"] else [])]
        assert [fact for fact in facts if f"- **{fact}:** " not in channel["description"]] == [], channel["title"]
