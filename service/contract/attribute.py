"""The attributes of objects: models, schemas and documents are derived from one line per attribute.

Each file of service/contract/aggregate has the attributes of its objects. Two functions beside them name the attributes
again: the one that makes a create command, and the one that writes a state. They run for every command, and a literal
takes a third of the time of a loop over the attributes. A test compares them with the attributes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal, NotRequired

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from service.contract import field
from service.contract.data import Identified, StatusWord
from service.core.producer_status import PRODUCER_STATUSES

Data = Mapping[str, Any]
"""Valid data of a command."""


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """The type of an attribute in commands and in events; `to_core` converts a value of a command, if it differs."""

    command: Any
    event: Any
    to_core: Callable[[Any], object] | None = None


TEXT: Final = Kind(field.Text, str)
OPTIONAL_TEXT: Final = Kind(field.OptionalText, str | None)
USERNAME: Final = Kind(field.Username, str | None, field.normalized)
TEXTS: Final = Kind(field.TextList, list[str], lambda texts: tuple(texts or ()))
DATE: Final = Kind(field.Date, str | None)
TRUE_FLAG: Final = Kind(field.TrueFlag, bool)
FALSE_FLAG: Final = Kind(field.FalseFlag, bool)
EXTERNAL_FLAG: Final = Kind(field.ExternalFlag, bool)
FLAGS: Final = (TRUE_FLAG, FALSE_FLAG, EXTERNAL_FLAG)
"""The kinds of flags, one for each default."""

STATUS: Final = Kind(field.OptionalStatus, StatusWord, field.status_of)
ORGANIZATION_ID: Final = Kind(field.OrganizationId, str)
GROUP_IDS: Final = Kind(field.GroupIdList, list[str], lambda ids: tuple(ids or ()))
REFERENCE: Final = Kind(field.Reference, Identified, lambda reference: reference["id"])


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute: its name in messages, its field in the core, which is also its column, and its kind.

    `description` is for the documents. `required` attributes are part of every create. `fixed` ones never change.
    `only` says that it occurs in commands or in events only. `http` attributes are shown by HTTP as they are, after
    those that service/store/sql/read writes out; the kind must be a text, a date, a flag or a list of texts.
    """

    name: str
    field: str
    kind: Kind
    description: str
    required: bool = False
    fixed: bool = False
    only: Literal["commands", "events"] | None = None
    http: bool = False


@dataclass(frozen=True, slots=True)
class StateKind:
    """How the states of a type of the core are published: `noun` in names of messages, `key` in the data of events."""

    state: type
    noun: str
    key: str
    description: str
    attributes: tuple[Attribute, ...]
    write: Callable[[Any], Mapping[str, object]]

    def model(self) -> Any:
        """Return the model of the state in events."""
        own = {a.name: a.kind.event for a in _of(self.attributes, "events")}
        model = _model(f"{self.state.__name__}State", {"id": str, **own, "version": int})
        model.__doc__ = self.description
        return model


def create_model(
    name: str,
    attributes: Sequence[Attribute],
    *,
    before: Mapping[str, Any] | None = None,
    keywords: Mapping[str, Any] | None = None,
) -> Any:
    """Return the model of the data of a create or put.

    `before` are further fields, which come first; `keywords` are added to its schema and check nothing.
    """
    own = {a.name: a.kind.command if a.required else NotRequired[a.kind.command] for a in _of(attributes, "commands")}
    config = ConfigDict(**field.STRICT, json_schema_extra=dict(keywords or {}))
    return with_config(config)(_model(name, {**(before or {}), **own}))


def update_model(name: str, attributes: Sequence[Attribute]) -> Any:
    """Return the model of the data of an update, a merge patch."""
    own = {a.name: NotRequired[a.kind.command] for a in _of(attributes, "commands")}
    return with_config(field.STRICT)(_model(name, own))


def changes_of(attributes: Sequence[Attribute]) -> Callable[[Data], dict[str, object]]:
    """Return the function from the data of an update to the changed fields of the core."""
    fields = {a.name: (a.field, a.kind.to_core) for a in attributes}

    def changes(data: Data) -> dict[str, object]:
        changed = {}
        for name, value in data.items():
            changed_field, convert = fields[name]
            changed[changed_field] = value if convert is None else convert(value)
        return changed

    return changes


def fixed_names(attributes: Sequence[Attribute]) -> frozenset[str]:
    """Return the names of the attributes that never change."""
    return frozenset(a.name for a in attributes if a.fixed)


def clearable_names(attributes: Sequence[Attribute]) -> tuple[str, ...]:
    """Return the names of the attributes that an update can set to null, which is their default."""
    return tuple(a.name for a in _of(attributes, "commands") if not a.required and not a.fixed)


STATUS_WORDS: Final[dict[str, StatusWord]] = {code: {"code": code, "name": code} for code in PRODUCER_STATUSES}
"""The statuses in the format of events."""


# Few sets of roles are shared by many codes; the returned lists must not be changed.
@lru_cache(maxsize=4096)
def identified(ids: tuple[str, ...]) -> list[Identified]:
    """Return ids in the format of events."""
    return [{"id": identifier} for identifier in ids]


def _of(attributes: Sequence[Attribute], message: Literal["commands", "events"]) -> list[Attribute]:
    return [a for a in attributes if a.only in (None, message)]


def _model(name: str, fields: Mapping[str, Any]) -> Any:
    return TypedDict(name, dict(fields))  # type: ignore[operator]
