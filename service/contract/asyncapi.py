"""The AsyncAPI 3 document of an installation, generated from the catalogue and the JSON Schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from service.contract.catalogue import COMMANDS, EVENTS, OUTCOMES, SNAPSHOTS, wire_type
from service.contract.schemas import documents
from service.contract.topics import Topics

_ABOUT: Final = (
    "Commands in, state, events and outcomes out: CloudEvents 1.0 on Kafka. Commands are read in binary and in "
    "structured content mode; everything else is written in binary mode."
)
_TEXT: Final = {"type": "string"}
_REQUIRED: Final = {
    "ce_specversion": {"type": "string", "const": "1.0"},
    "ce_id": {"type": "string", "maxLength": 128, "description": "Same id, same message."},
    "ce_source": {"type": "string", "format": "uri-reference"},
}
_COMMAND_HEADERS: Final = {
    "ce_subject": {"type": "string", "description": "Id of the aggregate; on a create it may be missing."},
    "ce_time": {"type": "string", "format": "date-time"},
    "ce_expectedversion": {"type": "string", "description": "Reject unless the aggregate has this version."},
    "ce_correlationid": {"type": "string", "maxLength": 256},
    "ce_traceparent": _TEXT,
    "ce_tracestate": _TEXT,
    "ce_partitionkey": _TEXT,
    "ce_dataschema": _TEXT,
    "ce_replyto": {"type": "string", "description": "Another topic for the outcome, of a configured list."},
}
_ANSWER_HEADERS: Final = {
    "ce_subject": {"type": "string", "description": "Id of the aggregate."},
    "ce_time": {"type": "string", "format": "date-time", "description": "When it was decided."},
    "ce_causationid": {"type": "string", "description": "Id of the command."},
    "ce_correlationid": _TEXT,
    "ce_traceparent": _TEXT,
    "ce_tracestate": _TEXT,
    "ce_sequence": {"type": "string", "pattern": "^[0-9]{20}$", "description": "Position in the outbox."},
    "ce_entityversion": {"type": "string", "description": "Version of the aggregate after the change."},
    "ce_partitionkey": _TEXT,
    "ce_dataschema": _TEXT,
}
_DEAD_LETTER_HEADERS: Final = {
    "__connect.errors.topic": _TEXT,
    "__connect.errors.partition": _TEXT,
    "__connect.errors.offset": _TEXT,
    "__connect.errors.exception.message": _TEXT,
    "dlq_reason": {
        "type": "string",
        "enum": ["not-a-cloudevent", "not-json", "too-large", "tombstone", "unknown-type", "failed"],
    },
    "dlq_failed_at": {"type": "string", "format": "date-time"},
    "dlq_service_version": _TEXT,
}


def document(topics: Topics, version: str, servers: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Describe all topics, messages, keys, headers and replies; `servers` are AsyncAPI server objects by name."""
    commands = {kind.name: kind.summary for kind in COMMANDS if not kind.operator}
    operator = {kind.name: kind.summary for kind in COMMANDS if kind.operator}
    outcomes = {f"command.{status}": summary for status, summary in OUTCOMES.items()}
    changes = {
        aggregate: {kind.name: kind.summary for kind in (*EVENTS, *SNAPSHOTS) if kind.aggregate == aggregate}
        for aggregate in topics.events
    }
    received = {
        "commands": (topics.commands, commands, "the organization's id (advised), or the subject"),
        "operatorCommands": (topics.operator_commands, operator, "the subject"),
    }
    sent = {
        f"{aggregate}Events": (topics.events[aggregate], changes[aggregate], "the subject") for aggregate in changes
    }
    sent["outcomes"] = (topics.outcomes, outcomes, "the key of the command")
    sent["deadLetters"] = (
        topics.dead_letters,
        {"dead-letter": "A record that is no command."},
        "the key of the record",
    )
    operations = {f"receive-{name}": _operation("receive", name, reply="outcomes") for name in received}
    operations |= {f"send-{name}": _operation("send", name) for name in sent}
    messages: dict[str, Any] = {}
    for names, headers in ((commands | operator, _COMMAND_HEADERS), (outcomes, _ANSWER_HEADERS)):
        messages |= {name: _message(name, summary, headers) for name, summary in names.items()}
    for names in changes.values():
        messages |= {name: _message(name, summary, _ANSWER_HEADERS) for name, summary in names.items()}
    messages["dead-letter"] = {
        "summary": "A record as it came, byte for byte, with headers that say why it was no command.",
        "headers": {"type": "object", "properties": _DEAD_LETTER_HEADERS, "required": list(_DEAD_LETTER_HEADERS)},
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Producer registry",
            "version": version,
            "description": _ABOUT,
        },
        "defaultContentType": "application/json",
        **({"servers": dict(servers)} if servers else {}),
        "channels": {name: _channel(*about) for name, about in (received | sent).items()},
        "operations": operations,
        "components": {"messages": messages, "schemas": _schemas()},
    }


def _channel(topic: str, messages: Mapping[str, str], key: str) -> dict[str, Any]:
    return {
        "address": topic,
        "description": f"Key: {key}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "bindings": {"kafka": {"topic": topic}},
    }


def _operation(action: str, channel: str, reply: str | None = None) -> dict[str, Any]:
    operation: dict[str, Any] = {"action": action, "channel": {"$ref": f"#/channels/{channel}"}}
    if reply is not None:
        operation["reply"] = {"channel": {"$ref": f"#/channels/{reply}"}}
    return operation


def _message(name: str, summary: str, headers: Mapping[str, Any]) -> dict[str, Any]:
    known = {**_REQUIRED, "ce_type": {"type": "string", "const": wire_type(name)}, **headers}
    return {
        "summary": summary,
        "contentType": "application/json",
        "headers": {"type": "object", "properties": known, "required": [*_REQUIRED, "ce_type"]},
        "payload": {"$ref": f"#/components/schemas/{name}"},
        "bindings": {"kafka": {"key": _TEXT}},
    }


def _schemas() -> dict[str, Any]:
    """Put all schemas and their definitions side by side: inside one document references start at its root."""
    flat: dict[str, Any] = {}
    for name, schema in documents().items():
        own = {key: value for key, value in schema.items() if key not in ("$schema", "$id", "$defs")}
        flat[name] = _moved(own, name)
        for definition, part in schema.get("$defs", {}).items():
            flat[f"{name}.{definition}"] = _moved(part, name)
    return flat


def _moved(node: Any, name: str) -> Any:
    if isinstance(node, dict):
        return {key: _target(value, name) if key == "$ref" else _moved(value, name) for key, value in node.items()}
    return [_moved(value, name) for value in node] if isinstance(node, list) else node


def _target(reference: str, name: str) -> str:
    return reference.replace("#/$defs/", f"#/components/schemas/{name}.")
