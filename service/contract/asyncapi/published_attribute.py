"""The attributes of events and outcomes: what the registry writes, as JSON Schemas by the names of CloudEvents."""

from __future__ import annotations

from typing import Any, Final

from service.contract.asyncapi.command_attribute import SPECVERSION
from service.contract.asyncapi.name import type_of
from service.contract.attribute_rule import MAX_ID, RULES
from service.contract.catalogue import SOURCE
from service.contract.envelope import MAX_TRACE
from service.contract.field import ID_LENGTH, ID_PATTERN

_COPIED: Final = "Copied from the command; absent if the command has none."
_VERSION: Final[dict[str, Any]] = {"type": "string", "pattern": "^[0-9]+$"}

PUBLISHED: Final[dict[str, dict[str, Any]]] = {
    "specversion": SPECVERSION,
    "id": {
        "type": "string",
        "format": "uuid",
        "description": "UUIDv5 of the message: a duplicate has the same id, and no other message has it.",
    },
    "source": {"type": "string", "const": SOURCE, "description": "The registry."},
    "time": {"type": "string", "format": "date-time", "description": "Time of the decision in UTC."},
    "dataschema": {
        "type": "string",
        "format": "uri",
        "description": "The exact revision of the JSON Schema of the data. The HTTP API has it at `/schemas/` and the "
        "end of the URI, `<message>:v1:<revision>`.",
    },
    "sequence": {
        "type": "string",
        "pattern": "^[0-9]{20}$",
        "description": "Position of the message: it rises for each subject, also after a failover or a restore. "
        "Compare it as text.",
    },
    "subject": {
        "type": "string",
        "pattern": f"^{ID_PATTERN}$",
        "maxLength": ID_LENGTH,
        "description": "Id of the object.",
    },
    "partitionkey": {"type": "string", "description": "The key of the record."},
    "entityversion": {**_VERSION, "description": "Version of the object after the change."},
    "causationid": {"type": "string", "minLength": 1, "maxLength": MAX_ID, "description": "Id of the command."},
    "correlationid": {"type": "string", "maxLength": RULES["correlationid"].max_length, "description": _COPIED},
    "traceparent": {"type": "string", "maxLength": MAX_TRACE, "description": _COPIED},
    "tracestate": {"type": "string", "maxLength": MAX_TRACE, "description": _COPIED},
}

_OF_COMMAND: Final = ("causationid", "correlationid", "traceparent", "tracestate")
_ALWAYS: Final = ("specversion", "id", "source", "time", "dataschema", "sequence")


def event_attributes(name: str, *, snapshot: bool) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Return the attributes of an event, and the names of those that it always has. A snapshot has no command."""
    known = {
        attribute: schema for attribute, schema in PUBLISHED.items() if not (snapshot and attribute in _OF_COMMAND)
    }
    if snapshot:
        known["time"] = {**known["time"], "description": "Time at which the state was read, in UTC."}
        known["entityversion"] = {**known["entityversion"], "description": "Current version of the object."}
    required = [*_ALWAYS, "subject", "partitionkey", "entityversion", *(() if snapshot else ("causationid",))]
    return {"type": type_of(name), **known}, ["type", *required]


def outcome_attributes(name: str, *, rejected: bool) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Return the attributes of an outcome, and the names of those that it always has."""
    known = dict(PUBLISHED)
    known["id"] = {
        **known["id"],
        "description": "UUIDv5 of the outcome: only copies, and outcomes with `ce_replayed`, have the same id.",
    }
    known["sequence"] = {
        **known["sequence"],
        "description": "Position of the message: a copy has the same one, and an outcome that is repeated a new one.",
    }
    known["partitionkey"] = {
        "type": "string",
        "description": "The key of the record. Absent if the command has no key, or one that is not text.",
    }
    if rejected:
        known["subject"] = {
            **known["subject"],
            "description": "Id of the object. Absent if the command has no valid one.",
        }
        known["entityversion"] = {
            **_VERSION,
            "description": "Current version of the object. Absent if the object does not exist or was not read.",
        }
    known["replayed"] = {
        "type": "string",
        "const": "true",
        "description": "The command is a duplicate, and this is the outcome of the first one again. Otherwise absent.",
    }
    return (
        {"type": type_of(name), **known},
        ["type", *_ALWAYS, "causationid", *(() if rejected else ("subject", "entityversion"))],
    )
