"""The attributes of commands: what a sender may write, as JSON Schemas by the names of CloudEvents."""

from __future__ import annotations

from typing import Any, Final

from service.contract.asyncapi.name import type_of
from service.contract.catalogue import CommandKind
from service.contract.cloudevent import MAX_ID, MAX_SOURCE_BYTES
from service.contract.envelope import MAX_CORRELATION, MAX_TRACE, MAX_VERSION
from service.contract.field import ID_DESCRIPTION, ID_LENGTH, ID_PATTERN
from service.contract.http_source import API, HTTP_SOURCE, PUBLISHED_BY

NO_NUL: Final = r"^[^\u0000]*$"
_TRACE: Final = f"Dropped if it has NUL or more than {MAX_TRACE} characters; the command is kept."

SPECVERSION: Final[dict[str, Any]] = {"type": "string", "const": "1.0", "description": "Version of CloudEvents."}
ID: Final[dict[str, Any]] = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_ID,
    "pattern": NO_NUL,
    "description": "Id of the command. A later command with the same topic, source and id is a duplicate: it changes "
    "nothing and gets the outcome of the first one again.",
}
SOURCE: Final[dict[str, Any]] = {
    "type": "string",
    "format": "uri-reference",
    "minLength": 1,
    "maxLength": MAX_SOURCE_BYTES,
    "pattern": NO_NUL,
    "description": f"Sender of the command, at most {MAX_SOURCE_BYTES:,} bytes in UTF-8. Sources that begin with "
    f"{HTTP_SOURCE} are reserved for the HTTP API of the registry.",
}
_OPTIONAL: Final[dict[str, Any]] = {
    "time": {
        "type": "string",
        "format": "date-time",
        "description": "Time of RFC 3339. The registry checks the format and does not use the time.",
    },
    "expectedversion": {
        "type": "string",
        "pattern": "^[0-9]{1,10}$",
        "description": f"Version of the object, from 0 to {MAX_VERSION:,}: the command is rejected "
        "(`version-conflict`) if the object has another one. With 0, a create requires that the object does not exist.",
    },
    "correlationid": {
        "type": "string",
        "maxLength": MAX_CORRELATION,
        "pattern": NO_NUL,
        "description": "Any text of the sender; event and outcome have the same one.",
    },
    "traceparent": {"type": "string", "description": f"W3C Trace Context; event and outcome have the same. {_TRACE}"},
    "tracestate": {"type": "string", "description": f"W3C Trace Context; event and outcome have the same. {_TRACE}"},
    "partitionkey": {"type": "string", "description": "Not read: the key of the record selects the partition."},
    "dataschema": {"type": "string", "format": "uri", "description": "Not read: the type defines the schema."},
    PUBLISHED_BY: {
        "type": "string",
        "const": API,
        "description": "Only in commands of the HTTP API of the registry. Other senders leave it out.",
    },
}


def command_attributes(kind: CommandKind, *, replies: bool) -> dict[str, dict[str, Any]]:
    """Return the attributes of a command. `replies` says whether the installation has reply topics."""
    subject = f"Id of the {kind.noun}: {ID_DESCRIPTION.removeprefix('an id: ')}."
    if kind.creates:
        subject += " Without it, the id is the UUIDv5 of source and id."
    allowed = "one of the reply topics of the installation" if replies else "a reply topic; this installation has none"
    return {
        "specversion": SPECVERSION,
        "id": ID,
        "source": SOURCE,
        "type": type_of(kind.name),
        "subject": {
            "type": "string",
            "pattern": f"^{ID_PATTERN}$",
            "maxLength": ID_LENGTH,
            "description": subject,
        },
        **_OPTIONAL,
        "replyto": {
            "type": "string",
            "description": f"Topic of the outcome instead of the default one. It must be {allowed}, otherwise the "
            "command is rejected (`invalid`).",
        },
    }


def required_attributes(kind: CommandKind) -> list[str]:
    """Return the names of the attributes that a command must have."""
    return ["specversion", "id", "source", "type", *(() if kind.creates else ("subject",))]
