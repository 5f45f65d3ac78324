"""The attributes of commands: what a sender may write, as JSON Schemas by the names of CloudEvents."""

from __future__ import annotations

from typing import Any, Final

from service.contract.asyncapi.name import type_of
from service.contract.attribute_rule import RULES
from service.contract.catalogue import CommandKind
from service.contract.envelope import MAX_TRACE
from service.contract.http_source import API, HTTP_SOURCE, PUBLISHED_BY

_TRACE: Final = f"Dropped if it has NUL or more than {MAX_TRACE} characters; the command is kept."


def _checked(name: str, meaning: str) -> dict[str, Any]:
    """Return the schema of an attribute that the registry checks, from the rule of the check."""
    rule = RULES[name]
    return {**rule.schema(), "description": f"{meaning} It must be {rule.description}."}


SPECVERSION: Final[dict[str, Any]] = {"type": "string", "const": "1.0", "description": "Version of CloudEvents."}
ID: Final = _checked(
    "id",
    "Id of the command. A later command with the same topic, source and id is a duplicate: it changes nothing and gets "
    "the outcome of the first one again, even if its data differ.",
)
SOURCE: Final = _checked(
    "source",
    f"Sender of the command: choose any, except those that begin with {HTTP_SOURCE}, which are reserved for the "
    "HTTP API of the registry.",
)
_OPTIONAL: Final[dict[str, Any]] = {
    "time": _checked("time", "Not used by the registry."),
    "expectedversion": _checked(
        "expectedversion",
        "Version of the object: the command is rejected (`version-conflict`) if the object has another one. With 0, a "
        "create requires that the object does not exist.",
    ),
    "correlationid": _checked("correlationid", "Any text of the sender; event and outcome have the same one."),
    "traceparent": {"type": "string", "description": f"W3C Trace Context; event and outcome continue it. {_TRACE}"},
    "tracestate": {"type": "string", "description": f"W3C Trace Context; event and outcome continue it. {_TRACE}"},
    "partitionkey": {"type": "string", "description": "Not read: the key of the record selects the partition."},
    "dataschema": _checked("dataschema", "Not used: the type defines the schema."),
    PUBLISHED_BY: {
        "type": "string",
        "const": API,
        "description": "Only in commands of the HTTP API of the registry. Other senders leave it out.",
    },
}


def command_attributes(kind: CommandKind, *, replies: bool) -> dict[str, dict[str, Any]]:
    """Return the attributes of a command. `replies` says whether the installation has reply topics."""
    subject = f"Id of the {kind.noun}."
    if kind.creates:
        subject += " Without it, the registry derives one from source and id; the outcome has it."
    reply = (
        "Topic of the outcome instead of the default one. It must be one of the reply topics of the installation, "
        "otherwise the command is rejected (`invalid`)."
        if replies
        else "Leave it out: this installation has no reply topics, and a command with it is rejected (`invalid`)."
    )
    return {
        "specversion": SPECVERSION,
        "id": ID,
        "source": SOURCE,
        "type": type_of(kind.name),
        "subject": _checked("subject", subject),
        **_OPTIONAL,
        "replyto": {**RULES["replyto"].schema(), "description": reply},
    }


def required_attributes(kind: CommandKind) -> list[str]:
    """Return the names of the attributes that a command must have."""
    return ["specversion", "id", "source", "type", *(() if kind.creates else ("subject",))]
