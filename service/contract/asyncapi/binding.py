"""The Kafka bindings of the document."""

from __future__ import annotations

from typing import Any, Final

from service.contract.field import ID_LENGTH, ID_PATTERN
from service.contract.topic_plan import Planned

VERSION: Final = "0.5.0"
"""The version of the Kafka bindings of AsyncAPI."""

_NUMBERS: Final = ("retention.ms", "delete.retention.ms", "max.message.bytes")


def topic_binding(planned: Planned) -> dict[str, Any]:
    """Return the binding of a channel: its topic as the installation plans it."""
    configuration: dict[str, Any] = {"cleanup.policy": planned.configs["cleanup.policy"].split(",")}
    configuration |= {name: int(planned.configs[name]) for name in _NUMBERS if name in planned.configs}
    return {
        "topic": planned.name,
        "partitions": planned.partitions,
        "replicas": planned.replication,
        "topicConfiguration": configuration,
        "bindingVersion": VERSION,
    }


def text_key(description: str, *, required: bool = False) -> dict[str, Any]:
    """Return the binding of a message whose key is any text, or null unless it is `required`."""
    return {
        "key": {"type": "string" if required else ["string", "null"], "description": description},
        "bindingVersion": VERSION,
    }


def id_key(description: str) -> dict[str, Any]:
    """Return the binding of a message whose key is an id."""
    key = {"type": "string", "pattern": f"^{ID_PATTERN}$", "maxLength": ID_LENGTH, "description": description}
    return {"key": key, "bindingVersion": VERSION}
