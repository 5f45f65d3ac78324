"""The AsyncAPI 3 document of an installation, generated from the catalogue and the JSON Schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from service.contract.catalogue import COMMANDS, EVENTS, OUTCOMES, SNAPSHOTS, wire_type
from service.contract.dead_letter import MAX_MESSAGE
from service.contract.schemas import documents
from service.contract.topics import Topics

_DESCRIPTION: Final = (
    "The registry reads commands, and publishes change events and outcomes, as CloudEvents 1.0 on Kafka. Commands are "
    "accepted in binary and structured content mode; all other messages are written in binary mode."
)
_TEXT: Final = {"type": "string"}
_REQUIRED: Final = {
    "ce_specversion": {"type": "string", "const": "1.0"},
    "ce_id": {
        "type": "string",
        "maxLength": 128,
        "description": "Identifies the message: duplicates have the same id, and no other message has it.",
    },
    "ce_source": {"type": "string", "format": "uri-reference"},
}
_COMMAND_HEADERS: Final = {
    "ce_subject": {"type": "string", "description": "Id of the aggregate; optional for create commands."},
    "ce_time": {"type": "string", "format": "date-time"},
    "ce_expectedversion": {
        "type": "string",
        "description": "The command is rejected unless the aggregate has this version.",
    },
    "ce_correlationid": {"type": "string", "maxLength": 256},
    "ce_traceparent": _TEXT,
    "ce_tracestate": _TEXT,
    "ce_partitionkey": _TEXT,
    "ce_dataschema": {"type": "string", "format": "uri"},
    "ce_publishedby": {
        "type": "string",
        "description": "Set by the HTTP API only, to use a source that begins with /http/.",
    },
    "ce_replyto": {
        "type": "string",
        "description": "Topic for the outcome instead of the default one; must be a configured reply topic.",
    },
}
_ANSWER_HEADERS: Final = {
    "ce_subject": {"type": "string", "description": "Id of the aggregate."},
    "ce_time": {"type": "string", "format": "date-time", "description": "Time of the decision."},
    "ce_causationid": {"type": "string", "description": "Id of the command."},
    "ce_correlationid": _TEXT,
    "ce_traceparent": _TEXT,
    "ce_tracestate": _TEXT,
    "ce_sequence": {"type": "string", "pattern": "^[0-9]{20}$", "description": "Position in the outbox."},
    "ce_entityversion": {"type": "string", "description": "Version of the aggregate after the change."},
    "ce_partitionkey": _TEXT,
    "ce_dataschema": {"type": "string", "format": "uri", "description": "The exact JSON Schema of the data."},
}
_OUTCOME_HEADERS: Final = {
    **_ANSWER_HEADERS,
    "ce_replayed": {"const": "true", "description": "The command is a duplicate; this is the original outcome again."},
}
_DEAD_LETTER_HEADERS: Final = {
    "__connect.errors.topic": _TEXT,
    "__connect.errors.partition": _TEXT,
    "__connect.errors.offset": _TEXT,
    "__connect.errors.exception.message": {"type": "string", "maxLength": MAX_MESSAGE},
    "dlq_reason": {
        "type": "string",
        "enum": ["not-a-cloudevent", "not-json", "too-large", "tombstone", "unknown-type", "failed"],
    },
    "dlq_failed_at": {"type": "string", "format": "date-time"},
    "dlq_service_version": _TEXT,
}


def document(topics: Topics, version: str, servers: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the AsyncAPI document of all topics and messages; `servers` are AsyncAPI server objects by name."""
    commands = {kind.name: kind.summary for kind in COMMANDS if not kind.operator}
    operator = {kind.name: kind.summary for kind in COMMANDS if kind.operator}
    outcomes = {f"command.{status}": summary for status, summary in OUTCOMES.items()}
    changes = {
        aggregate: {kind.name: kind.summary for kind in (*EVENTS, *SNAPSHOTS) if kind.aggregate == aggregate}
        for aggregate in topics.events
    }
    received = {
        "commands": (topics.commands, commands, "the organization's id (recommended), or the subject"),
        "operatorCommands": (topics.operator_commands, operator, "the subject"),
    }
    sent = {
        f"{aggregate}Events": (topics.events[aggregate], changes[aggregate], "the subject") for aggregate in changes
    }
    sent["outcomes"] = (topics.outcomes, outcomes, "the key of the command")
    sent["deadLetters"] = (
        topics.dead_letters,
        {"dead-letter": "A record that could not be read as a command."},
        "the key of the record",
    )
    operations = {f"receive-{name}": _operation("receive", name, reply="outcomes") for name in received}
    operations |= {f"send-{name}": _operation("send", name) for name in sent}
    messages: dict[str, Any] = {}
    for names, headers in ((commands | operator, _COMMAND_HEADERS), (outcomes, _OUTCOME_HEADERS)):
        messages |= {name: _message(name, summary, headers) for name, summary in names.items()}
    for names in changes.values():
        messages |= {name: _message(name, summary, _ANSWER_HEADERS) for name, summary in names.items()}
    messages["dead-letter"] = {
        "summary": "The original record, byte for byte, with additional headers that state why it is not a command.",
        "headers": {"type": "object", "properties": _DEAD_LETTER_HEADERS, "required": list(_DEAD_LETTER_HEADERS)},
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Producer registry",
            "version": version,
            "description": _DESCRIPTION,
        },
        "defaultContentType": "application/json",
        **({"servers": dict(servers)} if servers else {}),
        "channels": {name: _channel(*definition) for name, definition in (received | sent).items()},
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
    """Return all schemas and their definitions in one flat object: references start at the root of the document."""
    flat: dict[str, Any] = {}
    for name, schema in documents().items():
        own = {key: value for key, value in schema.items() if key not in ("$schema", "$id", "$defs")}
        flat[name] = _with_moved_references(own, name)
        for definition, part in schema.get("$defs", {}).items():
            flat[f"{name}.{definition}"] = _with_moved_references(part, name)
    return flat


def _with_moved_references(node: Any, name: str) -> Any:
    if isinstance(node, dict):
        return {
            key: _target(value, name) if key == "$ref" else _with_moved_references(value, name)
            for key, value in node.items()
        }
    return [_with_moved_references(value, name) for value in node] if isinstance(node, list) else node


def _target(reference: str, name: str) -> str:
    return reference.replace("#/$defs/", f"#/components/schemas/{name}.")
