"""JSON Schemas of the data of all messages, generated from the models and committed next to this file.

A file is a bundle of JSON Schema: the schemas of all messages of one kind of object, each with its own `$id`. The `$id`
of a schema is the `dataschema` of its messages. It contains the revision: a hash of the rest of the schema.

`python -m service.contract.schemas` regenerates the files; a test checks that they match the models.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final

import orjson
from pydantic import TypeAdapter

from service.contract import data
from service.contract.aggregate import READERS, STATES
from service.contract.catalogue import EVENTS, OUTCOMES, PUBLISHED, SCHEMA_BASE, SNAPSHOTS, EventKind
from service.contract.schemas.released import released, releases

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_REVISION: Final = 12

_STATES: Final = {kind.noun: kind for kind in STATES.values()}
_ASSOCIATIONS: Final[dict[str, tuple[str, Any]]] = {
    "group": ("groupProducerCode", data.GroupProducerCode),
    "user": ("userProducerCode", data.UserProducerCode),
}


def documents() -> dict[str, dict[str, Any]]:
    """Return the schemas of all messages by message name (`group.create`)."""
    schemas_by_name: dict[str, dict[str, Any]] = {}
    for reader in READERS.values():
        schemas_by_name[reader.kind.name] = _document(
            reader.kind.name, reader.kind.summary, reader.shape.adapter.json_schema()
        )
    for kind in (*EVENTS, *SNAPSHOTS):
        schemas_by_name[kind.name] = _document(kind.name, kind.summary, _event(kind))
    for status, summary in OUTCOMES.items():
        model: Any = data.Rejection if status == "rejected" else data.Outcome
        name = f"command.{status}"
        schemas_by_name[name] = _document(name, summary, TypeAdapter(model).json_schema())
    return schemas_by_name


def names() -> list[str]:
    """Return the names of all messages that have a schema."""
    return [*(reader.kind.name for reader in READERS.values()), *PUBLISHED]


@cache
def committed(name: str) -> bytes:
    """Return the committed schema of a message such as `group.create`. Raises KeyError."""
    return text(_committed_bundle(bundle_name(name))[name])


@lru_cache(maxsize=256)
def dataschema(name: str, base: str = SCHEMA_BASE) -> str:
    """Return the URI of the current schema of a message: the base, name, version and revision.

    Raises KeyError.
    """
    identifier: str = orjson.loads(committed(name))["$id"]
    return base + identifier.removeprefix(SCHEMA_BASE)


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision of a schema: the end of its URI, its content, and the releases that have it, the newest one first."""

    identifier: str
    content: bytes
    releases: tuple[str, ...]

    def served(self, base: str = SCHEMA_BASE) -> bytes:
        """Return the schema with the `$id` of an installation."""
        if base == SCHEMA_BASE:
            return self.content
        return text(orjson.loads(self.content) | {"$id": base + self.identifier})


@cache
def revisions(name: str) -> tuple[Revision, ...]:
    """Return the revisions of the schema of a message: the current one, then those of releases. Raises KeyError."""
    contents = {dataschema(name, ""): committed(name)}
    versions: dict[str, list[str]] = {}
    for version in reversed(releases()):
        if (schema := released(version).get(name)) is not None:
            identifier = schema["$id"].removeprefix(SCHEMA_BASE)
            contents.setdefault(identifier, text(schema))
            versions.setdefault(identifier, []).append(version)
    return tuple(Revision(one, content, tuple(versions.get(one, ()))) for one, content in contents.items())


def bundle_name(name: str) -> str:
    """Return the name of the file with the schema of a message: its kind of object."""
    return f"{name.partition('.')[0]}.json"


def title(name: str) -> str:
    """Return the title of the schema of a message, a name for generated code: `UserJoinGroup` for `user.join-group`."""
    return "".join(part.capitalize() for part in re.split("[.-]", name))


def text(schema: Mapping[str, Any]) -> bytes:
    """Return a schema or a bundle as JSON text."""
    return orjson.dumps(schema, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def untitled(node: Any) -> Any:
    """Remove titles, which only repeat names, and `discriminator`, which is an OpenAPI and not a JSON Schema keyword.

    A property named `title` has a schema and not a string as its value, and is kept.
    """
    if isinstance(node, dict):
        return {
            key: untitled(value)
            for key, value in node.items()
            if not (key == "title" and isinstance(value, str)) and key != "discriminator"
        }
    if isinstance(node, list):
        return [untitled(value) for value in node]
    return node


@cache
def _committed_bundle(file: str) -> dict[str, dict[str, Any]]:
    bundle: dict[str, dict[str, Any]] = orjson.loads(files(__name__).joinpath(file).read_bytes())["$defs"]
    return bundle


def _event(kind: EventKind) -> dict[str, Any]:
    noun, _, verb = kind.name.partition(".")
    if verb.startswith("producer-code-"):
        field, model = _ASSOCIATIONS[noun]
        return _object({field: model}, {})
    field, model = _STATES[noun].key, _STATES[noun].model()
    before = TypeAdapter(model).json_schema()
    del before["required"]
    before.pop("$defs", None)
    before["description"] = "The previous values of the changed fields; empty at creation and in a snapshot."
    changed = {
        "type": "array",
        "items": {"type": "string"},
        "description": "The names of the changed fields; empty in a snapshot.",
    }
    name = f"Previous{title(noun)}"
    document = _object({field: model}, {"changed": changed, "previous": {"$ref": f"#/$defs/{name}"}})
    document["$defs"][name] = before
    return document


def _object(models: dict[str, Any], further: dict[str, Any]) -> dict[str, Any]:
    definitions: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    for field, model in models.items():
        schema = TypeAdapter(model).json_schema()
        definitions.update(schema.pop("$defs", {}))
        definitions[model.__name__] = schema
        properties[field] = {"$ref": f"#/$defs/{model.__name__}"}
    properties.update(further)
    return {"type": "object", "properties": properties, "required": list(properties), "$defs": definitions}


def _document(name: str, summary: str, schema: dict[str, Any]) -> dict[str, Any]:
    head = {"$schema": DIALECT, "$id": "", "title": title(name), "description": summary}
    bare: dict[str, Any] = untitled(schema)
    document = {**head, **{key: value for key, value in bare.items() if key not in head}}
    revision = hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()[:_REVISION]
    return document | {"$id": f"{SCHEMA_BASE}{name}:v1:{revision}"}
