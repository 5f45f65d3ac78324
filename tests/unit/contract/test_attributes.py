"""The functions beside the attributes agree with them: each attribute of a command reaches the core and the events."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Final

import pytest
from pydantic import TypeAdapter

from service.contract.aggregate import READERS, STATES
from service.contract.attribute import (
    DATE,
    FLAGS,
    GROUP_IDS,
    OPTIONAL_TEXT,
    ORGANIZATION_ID,
    REFERENCE,
    STATUS,
    TEXT,
    TEXTS,
    USERNAME,
    Attribute,
    Kind,
    StateKind,
    changes_of,
)
from service.contract.catalogue import wire_type

STATED: Final = {wire_type(f"{kind.noun}.{verb}"): kind for kind in STATES.values() for verb in ("create", "put")}
CREATES: Final = sorted(STATED.keys() & READERS.keys())

# Values that are not defaults.
VALUES: Final[dict[Kind, Any]] = {
    TEXT: "a text",
    OPTIONAL_TEXT: "a text",
    USERNAME: "a name",
    TEXTS: ["one", "two"],
    DATE: "2022-07-09",
    **dict.fromkeys(FLAGS, True),
    STATUS: {"code": "Limited", "name": "Limited"},
    ORGANIZATION_ID: "pc:4",
    GROUP_IDS: ["pc:1", "pc:2"],
    REFERENCE: {"id": "pc:4"},
}
OTHERS: Final[dict[str, Any]] = {
    "code": "301-008579",
    "roles": [{"id": "producer"}],
    "branch": {"id": "b"},
    "type": "region",
    "value": "West",
}
"""Values of attributes whose kinds are used once, by name."""


def sent(attribute: Attribute) -> Any:
    """Return a value of a command."""
    return VALUES[attribute.kind] if attribute.kind in VALUES else OTHERS[attribute.name]


def of_commands(kind: StateKind) -> list[Attribute]:
    """Return the attributes of commands that the core knows; the type of an organization is a constant."""
    return [a for a in kind.attributes if a.only != "events" and a.field]


def test_every_object_has_a_create_or_put() -> None:
    assert {STATED[name].noun for name in CREATES} == {kind.noun for kind in STATES.values()}


@pytest.mark.parametrize("name", CREATES)
def test_each_attribute_of_a_create_reaches_the_core(name: str) -> None:
    attributes = of_commands(STATED[name])
    data = {a.name: sent(a) for a in attributes}
    flags = [a for a in attributes if a.kind in FLAGS]

    for given in (data, {**data, **{flag.name: False for flag in flags}}):
        command = READERS[name].read(given, "pc:1", b"", ())
        assert {a.field: getattr(command, a.field) for a in attributes} == changes_of(attributes)(given)


@pytest.mark.parametrize("name", CREATES)
def test_a_description_names_the_default_of_a_create(name: str) -> None:
    words = {"true": True, "false": False, "Active": "Active", "an empty list": ()}
    described = {a: TypeAdapter(a.kind.command).json_schema().get("description", "") for a in of_commands(STATED[name])}
    endings = {a: text.rpartition("null for ")[2] for a, text in described.items()}
    # The default of externalUser depends on the organization.
    optional = [a for a in described if "null for " in described[a] and a.name != "externalUser"]
    named = {a: words[endings[a]] for a in optional}
    required = {a.name: sent(a) for a in described if a.required or a.name == "organization"}
    for given in (required, required | {a.name: None for a in named}):
        command = READERS[name].read(given, "pc:1", b"", ())
        assert {a.field: getattr(command, a.field) for a in named} == {a.field: value for a, value in named.items()}


@pytest.mark.parametrize("name", CREATES)
def test_a_state_has_each_attribute_in_order(name: str) -> None:
    kind = STATED[name]
    attributes = of_commands(kind)
    data = {a.name: sent(a) for a in attributes}
    stored = {"id": "pc:1", "product_ids": ("p",), "held": 0, "held_foreign": 0, "version": 7}
    stored |= changes_of(attributes)(data)
    state = kind.state(**{f.name: stored[f.name] for f in fields(kind.state)})

    constants = {"type": "Organization", "products": ["p"]}
    shown = {a.name: data.get(a.name) or constants[a.name] for a in kind.attributes if a.only != "commands"}
    expected = {"id": "pc:1", **shown, "version": 7}
    assert kind.write(state) == expected
    assert list(kind.write(state)) == list(expected)
