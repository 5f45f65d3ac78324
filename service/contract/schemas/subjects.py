"""The subjects of a schema registry with Confluent's REST interface: one for each message, and one for each topic.

The subject of a message is its type, such as `producer-registry.group.created.v1` (RecordNameStrategy). The subject of
a topic is `<topic>-value` (TopicNameStrategy); its schema refers to those of all messages of the topic.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from service.contract.catalogue import COMMANDS, EVENTS, OUTCOMES, PUBLISHED, SNAPSHOTS, wire_type
from service.contract.schemas import DIALECT, dataschema, revisions
from service.contract.topics import Topics

# An application with the old schema reads new events; the registry reads commands with the old schema.
PUBLISHED_COMPATIBILITY: Final = "FORWARD_TRANSITIVE"
COMMAND_COMPATIBILITY: Final = "BACKWARD_TRANSITIVE"
# A topic may get types of messages, and never loses one. Subscribers ignore types that they do not know.
TOPIC_COMPATIBILITY: Final = "BACKWARD_TRANSITIVE"


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject with its schema and compatibility mode.

    `references` has (name in `$ref`, subject) for each other subject that the schema refers to.
    """

    name: str
    schema: str
    compatibility: str
    references: tuple[tuple[str, str], ...] = ()


def subjects(topics: Topics) -> list[Subject]:
    """Return all subjects of an installation, those that others refer to first."""
    base = topics.schema_base
    published = frozenset(PUBLISHED)
    names_by_topic = _names_by_topic(topics)
    return [
        *(
            Subject(
                wire_type(name),
                revisions(name)[0].served(base).decode(),
                PUBLISHED_COMPATIBILITY if name in published else COMMAND_COMPATIBILITY,
            )
            for names in names_by_topic.values()
            for name in names
        ),
        *(_topic_subject(topic, names, base) for topic, names in names_by_topic.items()),
    ]


def _names_by_topic(topics: Topics) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for command in COMMANDS:
        names.setdefault(topics.for_command[command.type], []).append(command.name)
    for event in (*EVENTS, *SNAPSHOTS):
        names.setdefault(topics.events[event.aggregate], []).append(event.name)
    names[topics.outcomes] = [f"command.{status}" for status in OUTCOMES]
    return names


def _topic_subject(topic: str, names: Iterable[str], base: str) -> Subject:
    references = tuple((dataschema(name, base), wire_type(name)) for name in names)
    # Not oneOf: several types of messages have data of the same shape.
    schema: dict[str, Any] = {
        "$schema": DIALECT,
        "title": topic,
        "anyOf": [{"$ref": reference} for reference, _ in references],
    }
    return Subject(f"{topic}-value", orjson.dumps(schema).decode(), TOPIC_COMPATIBILITY, references)
