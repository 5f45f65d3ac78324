"""The schemas of the components: the data of all messages and their parts, each under a name of its own.

Code generators make a type of each object schema, named by its title. So objects within objects become schemas of the
components, too, and equal parts of several messages become one schema.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Any, Final

import orjson

from service.contract.asyncapi.cloud_event import cloud_event_schema
from service.contract.asyncapi.dead_letter_message import DEAD_LETTER_SCHEMAS
from service.contract.asyncapi.name import data_name, schema_ref, type_name
from service.contract.catalogue import COMMANDS
from service.contract.schemas import committed, names

_DEFINITIONS: Final = "#/$defs/"
_HEAD: Final = ("$schema", "$id", "$defs", "title")
_COMMANDS: Final = frozenset(kind.name for kind in COMMANDS)

Schema = dict[str, Any]


def schemas(*, replies: bool) -> dict[str, Schema]:
    """Return all schemas by name. `replies` says whether the installation has reply topics."""
    # Not from the models, which takes ten times as long.
    all_documents = {name: orjson.loads(committed(name)) for name in names()}
    found = _Components(_ambiguous(all_documents.values()))
    for message, document in all_documents.items():
        found.add(message, document)
    for kind in COMMANDS:
        event = cloud_event_schema(kind, replies=replies)
        found.schemas[event["title"]] = event
    return found.schemas | DEAD_LETTER_SCHEMAS


class _Components:
    """Schemas that are collected message by message; a part that differs from an earlier one gets another name."""

    def __init__(self, ambiguous: Set[str]) -> None:
        self.schemas: dict[str, Schema] = {}
        self._ambiguous = ambiguous
        self._content: dict[str, bytes] = {}
        self._hoists: dict[bytes, str] = {}

    def add(self, message: str, document: Mapping[str, Any]) -> None:
        """Add the data of a message, and its parts."""
        definitions = document.get("$defs", {})
        names = {name: self._name_of_part(message, name, definitions) for name in definitions}
        for name, part in definitions.items():
            if names[name] not in self.schemas:
                self.schemas[names[name]] = {"title": names[name], **self._moved(part, names, message, names[name])}
        own = {key: value for key, value in document.items() if key not in _HEAD}
        title = data_name(message)
        self.schemas[title] = {"title": title, **self._moved(own, names, message, title)}

    def _name_of_part(self, message: str, name: str, definitions: Mapping[str, Any]) -> str:
        """Return the name of a definition: its own, with `Input` in a command if others differ."""
        content = _content(definitions[name], definitions)
        own = f"{name}Input" if message in _COMMANDS and name in self._ambiguous else name
        return self._name(content, own, f"{type_name(message)}{name}")

    def _name(self, content: bytes, *candidates: str) -> str:
        """Return the first candidate that is free or has the same content."""
        name = next(one for one in candidates if self._content.get(one, content) == content)
        self._content[name] = content
        return name

    def _moved(self, node: Any, names: Mapping[str, str], message: str, within: str) -> Any:
        """Return a part of a schema with references to the components, and without objects in it."""
        if isinstance(node, list):
            return [self._moved(value, names, message, within) for value in node]
        if not isinstance(node, dict):
            return node
        moved: dict[str, Any] = {}
        for key, value in node.items():
            if key == "$ref":
                moved[key] = schema_ref(names[value.removeprefix(_DEFINITIONS)])["$ref"]
            elif key == "properties":
                moved[key] = {
                    name: self._hoisted(self._moved(part, names, message, within), name, message, within)
                    for name, part in value.items()
                }
            elif key == "dependentSchemas":
                # Draft 7 does not have it.
                parts = {name: self._moved(part, names, message, within) for name, part in value.items()}
                moved["allOf"] = [{"if": {"required": [name]}, "then": part} for name, part in parts.items()]
            else:
                moved[key] = self._moved(value, names, message, within)
        return moved

    def _hoisted(self, part: Schema, name: str, message: str, within: str) -> Schema:
        """Return a property, as a reference to a schema of its own if it is an object or an enumeration."""
        if "properties" in part:
            names = [f"{type_name(message.partition('.')[0])}{type_name(name)}", f"{within}{type_name(name)}"]
        elif "enum" in part:
            names = [f"{within}{type_name(name)}"]
        elif any("$ref" in choice for choice in part.get("anyOf", ())):
            return {"title": f"{within}{type_name(name)}", **part}
        else:
            return part
        content = orjson.dumps(part, option=orjson.OPT_SORT_KEYS)
        title = self._hoists.setdefault(content, self._name(content, *names))
        self.schemas.setdefault(title, {"title": title, **part})
        return schema_ref(title)


def _ambiguous(documents: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the names of definitions that differ between messages."""
    contents: dict[str, set[bytes]] = {}
    for document in documents:
        definitions = document.get("$defs", {})
        for name, part in definitions.items():
            contents.setdefault(name, set()).add(_content(part, definitions))
    return {name for name, found in contents.items() if len(found) > 1}


def _content(part: Mapping[str, Any], definitions: Mapping[str, Any]) -> bytes:
    return orjson.dumps(_expanded(part, definitions), option=orjson.OPT_SORT_KEYS)


def _expanded(node: Any, definitions: Mapping[str, Any]) -> Any:
    """Return a schema with definitions in place of references: equal schemas mean the same."""
    if isinstance(node, list):
        return [_expanded(value, definitions) for value in node]
    if not isinstance(node, dict):
        return node
    expanded = {key: _expanded(value, definitions) for key, value in node.items() if key != "$ref"}
    if "$ref" in node:
        expanded["$ref"] = _expanded(definitions[node["$ref"].removeprefix(_DEFINITIONS)], definitions)
    return expanded
