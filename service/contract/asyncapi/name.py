"""Names in the document: types of a program, without dots and hyphens."""

from __future__ import annotations

import re
from typing import Final

from service.contract.catalogue import wire_type

STATE_SUFFIX: Final = "State"
"""The end of the names of records in state topics."""

TOMBSTONE: Final = "Tombstone"
"""The name of a record without a value in a state topic."""


def type_name(name: str) -> str:
    """Return the name of a message or a part of it: `GroupAddProducerCode` for `group.add-producer-code`."""
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", name))


def data_name(name: str) -> str:
    """Return the name of the schema of the data of a message such as `group.create`."""
    return f"{type_name(name)}Data"


def message_ref(name: str) -> dict[str, str]:
    """Return a reference to a message in the components, by its name there."""
    return {"$ref": f"#/components/messages/{name}"}


def schema_ref(name: str) -> dict[str, str]:
    """Return a reference to a schema in the components, by its name there."""
    return {"$ref": f"#/components/schemas/{name}"}


def type_of(name: str) -> dict[str, str]:
    """Return the schema of the attribute `type` of a message such as `group.create`."""
    return {"type": "string", "const": wire_type(name), "description": "Type of the message."}
