"""The messages of the catalogue: commands in both content modes, events, snapshots and outcomes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from service.contract.asyncapi.binding import id_key, text_key
from service.contract.asyncapi.dead_letter_message import dead_letter_messages
from service.contract.asyncapi.header import binary_headers, event_headers, outcome_headers, structured_headers
from service.contract.asyncapi.name import data_name, schema_ref, type_name
from service.contract.asyncapi.state_message import state_messages
from service.contract.catalogue import COMMANDS, EVENTS, OUTCOMES, SNAPSHOTS, CommandKind, EventKind
from service.contract.structured import STRUCTURED

STRUCTURED_SUFFIX: Final = "Structured"
"""The end of the names of commands in the structured mode."""

_SUBJECT: Final = "The subject."


def messages(*, replies: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name and the object of each message. `replies` says whether the installation has reply topics."""
    for command in COMMANDS:
        yield type_name(command.name), _binary(command, replies=replies)
        yield f"{type_name(command.name)}{STRUCTURED_SUFFIX}", _structured(command)
    for event in (*EVENTS, *SNAPSHOTS):
        yield type_name(event.name), _event(event, snapshot=event in SNAPSHOTS)
    for status, summary in OUTCOMES.items():
        yield type_name(f"command.{status}"), _outcome(status, summary)
    yield from state_messages().items()
    yield from dead_letter_messages(
        text_key("The key of the record; of a mark, the address of the dead letter.")
    ).items()


def _binary(kind: CommandKind, *, replies: bool) -> dict[str, Any]:
    return {
        **_named(type_name(kind.name), kind.name, kind.summary, "commands"),
        "description": "A CloudEvent in the binary mode: attributes in headers, the data as the body. Other headers "
        "are not read. A header with the prefix `ce_` must be UTF-8.",
        "contentType": "application/json",
        "headers": binary_headers(kind, replies=replies),
        "payload": schema_ref(data_name(kind.name)),
        "correlationId": {"$ref": "#/components/correlationIds/command"},
        "bindings": {"kafka": _command_key(kind)},
    }


def _structured(kind: CommandKind) -> dict[str, Any]:
    name = f"{type_name(kind.name)}{STRUCTURED_SUFFIX}"
    return {
        **_named(name, f"{kind.name} (structured)", kind.summary, "commands"),
        "description": "A CloudEvent in the structured mode: one JSON object with the attributes and the data.",
        "contentType": STRUCTURED.decode(),
        "headers": structured_headers(name),
        "payload": schema_ref(f"{type_name(kind.name)}CloudEvent"),
        "correlationId": {"$ref": "#/components/correlationIds/structuredCommand"},
        "bindings": {"kafka": _command_key(kind)},
    }


def _command_key(kind: CommandKind) -> dict[str, Any]:
    return text_key("The subject." if kind.operator else "The id of the organization (recommended), or the subject.")


def _event(kind: EventKind, *, snapshot: bool) -> dict[str, Any]:
    return {
        **_named(type_name(kind.name), kind.name, kind.summary, kind.aggregate),
        "contentType": "application/json",
        "headers": event_headers(kind.name, snapshot=snapshot),
        "payload": schema_ref(data_name(kind.name)),
        **({} if snapshot else {"correlationId": {"$ref": "#/components/correlationIds/cause"}}),
        "bindings": {"kafka": id_key(_SUBJECT)},
    }


def _outcome(status: str, summary: str) -> dict[str, Any]:
    name = f"command.{status}"
    return {
        **_named(type_name(name), name, summary, "outcomes"),
        "contentType": "application/json",
        "headers": outcome_headers(name, rejected=status == "rejected"),
        "payload": schema_ref(data_name(name)),
        "correlationId": {"$ref": "#/components/correlationIds/cause"},
        "bindings": {"kafka": text_key("The key of the command.")},
    }


def _named(name: str, title: str, summary: str, tag: str) -> dict[str, Any]:
    return {"name": name, "title": title, "summary": summary, "tags": [{"$ref": f"#/components/tags/{tag}"}]}
