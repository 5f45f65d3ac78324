"""Commands in the structured content mode: the schema of the JSON object with attributes and data."""

from __future__ import annotations

from typing import Any, Final

from service.contract.asyncapi.command_attribute import command_attributes, required_attributes
from service.contract.asyncapi.name import data_name, schema_ref, type_name
from service.contract.catalogue import CommandKind

_MEMBERS: Final[dict[str, Any]] = {
    "datacontenttype": {"type": "string", "description": "Not read: the data is JSON."},
    "data_base64": {
        "type": "string",
        "contentEncoding": "base64",
        "description": "The data as JSON in base64, in place of `data`.",
    },
}


def cloud_event_schema(kind: CommandKind, *, replies: bool) -> dict[str, Any]:
    """Return the schema of a command. Attributes are those of the binary mode without their prefix."""
    attributes = command_attributes(kind, replies=replies)
    version = attributes["expectedversion"]
    attributes["expectedversion"] = {**version, "type": ["string", "integer"], "minimum": 0, "maximum": 2**31 - 1}
    name = type_name(kind.name)
    return {
        "title": f"{name}CloudEvent",
        "type": "object",
        "description": f"{kind.summary} A CloudEvent in the structured mode.",
        "properties": {**attributes, **_MEMBERS, "data": schema_ref(data_name(kind.name))},
        "required": required_attributes(kind),
        "if": {"not": {"required": ["data_base64"]}},
        "then": {"required": ["data"]},
    }
