"""The check of schemas finds every change that breaks a reader or a sender, names the field, and allows the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import orjson
import pytest

from service.contract.catalogue import GROWS
from service.contract.schemas.compatibility import breaks

TEXT: Final[dict[str, Any]] = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[^\\u0000]*$"}
NULL: Final = {"type": "null"}
REFERENCE: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"id": {"type": "string", "pattern": "^[a-z]+$"}},
    "required": ["id"],
    "additionalProperties": False,
}
DAY: Final = {"type": "string", "format": "date"}
AREA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"kind": {"enum": ["region", "division"]}, "value": TEXT},
    "required": ["kind", "value"],
}
OFFICE: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"kind": {"const": "office"}, "value": {"type": "object", "properties": {"city": TEXT}}},
    "required": ["kind", "value"],
}
COMMAND: Final[dict[str, Any]] = {
    "title": "UserCreate",
    "type": "object",
    "properties": {
        "name": TEXT,
        "note": {"anyOf": [TEXT, NULL], "description": "a text"},
        "status": {"type": "string", "enum": ["Active", "Limited"]},
        "organization": {"$ref": "#/$defs/Reference"},
        "roles": {"type": "array", "items": {"$ref": "#/$defs/Reference"}, "minItems": 1, "maxItems": 10},
        "level": {"type": "integer", "minimum": 0, "maximum": 9},
        "from": {"anyOf": [DAY, NULL]},
        "country": TEXT,
        "state": TEXT,
        "place": {"oneOf": [OFFICE, AREA]},
    },
    "required": ["name"],
    "additionalProperties": False,
    "if": {"properties": {"country": {"const": "US"}}, "required": ["country"]},
    "then": {"required": ["state"]},
    "dependentSchemas": {"level": {"properties": {"note": NULL}}},
    "$defs": {"Reference": REFERENCE},
}
STATE: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "name": {"type": "string", "maxLength": 255},
        "note": {"anyOf": [{"type": "string"}, NULL]},
        "status": {"type": "string", "enum": ["Active", "Limited"]},
        "reason": {"type": "string", "enum": ["invalid"], "description": f"why. {GROWS}"},
        "value": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/Address"}]},
        "groups": {"type": "array", "items": {"type": "string"}},
        "version": {"type": "integer", "minimum": 1},
    },
    "required": ["id", "name", "note", "status", "groups", "version"],
}
EVENT: Final[dict[str, Any]] = {
    "title": "UserCreated",
    "type": "object",
    "properties": {"user": {"$ref": "#/$defs/UserState"}, "more": {"type": "integer"}},
    "required": ["user"],
    "$defs": {
        "UserState": STATE,
        "Address": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
RELEASED: Final = {"user.create": COMMAND, "user.created": EVENT}

Node = dict[str, Any]
Change = Callable[[Node], object]


def copied(schema: Node) -> Node:
    """Return a copy in which no two places are the same object."""
    copy: Node = orjson.loads(orjson.dumps(schema))
    return copy


def paths(name: str, change: Change) -> list[str]:
    """Return the fields that a change of the schema of a message breaks."""
    schema = copied(RELEASED[name])
    change(schema)
    found = breaks(RELEASED, {**RELEASED, name: schema})
    assert {one.message for one in found} <= {name}
    return [one.path for one in found]


def field(name: str) -> Callable[[Node], Node]:
    """Return the function from a schema to the schema of a field of the command or of the state."""
    return lambda schema: (schema.get("$defs", {}).get("UserState") or schema)["properties"][name]


def fields(schema: Node) -> Node:
    """Return the properties of the command or of the state in the event."""
    found: Node = (schema["$defs"].get("UserState") or schema)["properties"]
    return found


def state(schema: Node) -> Node:
    """Return the state in the event."""
    found: Node = schema["$defs"]["UserState"]
    return found


def reference(schema: Node) -> Node:
    """Return the properties of a reference in the command."""
    found: Node = schema["$defs"]["Reference"]["properties"]
    return found


def place(schema: Node, index: int) -> Node:
    """Return an alternative of the place in the command."""
    found: Node = fields(schema)["place"]["oneOf"][index]
    return found


def refer(schema: Node) -> Node:
    """Let the organization of the command be another definition, and return the fields."""
    schema["$defs"]["Id"] = REFERENCE
    fields(schema)["organization"] = {"$ref": "#/$defs/Id"}
    return fields(schema)


IDS: Final = ["/organization/id", "/roles/*/id"]
BREAKS_SENDERS: list[tuple[str, Change, list[str]]] = [
    ("required field", lambda s: s["required"].append("note"), ["/note"]),
    ("new required field", lambda s: (fields(s).update(x=TEXT), s["required"].append("x")), ["/x"]),
    ("field removed", lambda s: fields(s).pop("note"), ["/note"]),
    ("field renamed", lambda s: fields(s).update(remark=fields(s).pop("note")), ["/note"]),
    ("other type", lambda s: fields(s).update(level={"type": "string"}), ["/level"]),
    ("null refused", lambda s: fields(s).update(note=TEXT), ["/note"]),
    ("value removed", lambda s: field("status")(s)["enum"].remove("Limited"), ["/status"]),
    ("values became a constant", lambda s: fields(s).update(status={"const": "Active"}), ["/status"]),
    ("new enumeration", lambda s: field("name")(s).update(enum=["Ray"]), ["/name"]),
    ("new pattern", lambda s: reference(s)["id"].update(pattern="^[b-y]+$"), IDS),
    ("pattern beside none", lambda s: field("from")(s)["anyOf"][0].update(pattern="^2"), ["/from"]),
    ("new format", lambda s: field("name")(s).update(format="email"), ["/name"]),
    ("lower maximum length", lambda s: field("name")(s).update(maxLength=254), ["/name"]),
    ("higher minimum length", lambda s: field("name")(s).update(minLength=2), ["/name"]),
    ("lower maximum", lambda s: field("level")(s).update(maximum=8), ["/level"]),
    ("higher minimum", lambda s: field("level")(s).update(minimum=1), ["/level"]),
    ("only multiples", lambda s: field("level")(s).update(multipleOf=2), ["/level"]),
    ("more items required", lambda s: field("roles")(s).update(minItems=2), ["/roles"]),
    ("fewer items allowed", lambda s: field("roles")(s).update(maxItems=9), ["/roles"]),
    ("unique items", lambda s: field("roles")(s).update(uniqueItems=True), ["/roles"]),
    ("field within items removed", lambda s: reference(s).pop("id"), IDS),
    ("further fields refused", lambda s: place(s, 1).update(additionalProperties=False), ["/place"]),
    ("alternative removed", lambda s: field("place")(s)["oneOf"].pop(0), ["/place/kind", "/place/value"]),
    ("value of an alternative removed", lambda s: place(s, 1)["properties"]["kind"]["enum"].pop(), ["/place/kind"]),
    ("consequence", lambda s: s["then"]["required"].append("note"), ["/note"]),
    ("other condition", lambda s: s["if"].pop("required"), [""]),
    ("new condition", lambda s: s.update(dependentSchemas={"name": {"required": ["note"]}}), ["/note"]),
    ("excluded values", lambda s: field("name")(s).update({"not": {"const": "Ray"}}), ["/name"]),
    ("all of it", lambda s: field("name")(s).update(allOf=[{"type": "string", "maxLength": 9}]), ["/name"]),
]  # fmt: skip

BREAKS_READERS: list[tuple[str, Change, list[str]]] = [
    ("field removed", lambda s: (fields(s).pop("name"), state(s)["required"].remove("name")), ["/user/name"]),
    ("optional field removed", lambda s: s["properties"].pop("more"), ["/more"]),
    ("field renamed", lambda s: fields(s).update(title=fields(s).pop("groups")), ["/user/groups"]),
    ("not required any more", lambda s: state(s)["required"].remove("name"), ["/user/name"]),
    ("other type", lambda s: fields(s).update(version={"type": "string"}), ["/user/version"]),
    ("number for an integer", lambda s: fields(s).update(version={"type": "number", "minimum": 1}), ["/user/version"]),
    ("null added", lambda s: fields(s).update(id={"anyOf": [{"type": "string"}, NULL]}), ["/user/id"]),
    ("types as a list", lambda s: field("id")(s).update(type=["string", "null"]), ["/user/id"]),
    ("value added", lambda s: field("status")(s)["enum"].append("Gone"), ["/user/status"]),
    ("any value", lambda s: field("status")(s).pop("enum"), ["/user/status"]),
    ("any type", lambda s: field("id")(s).pop("type"), ["/user/id"]),
    ("limit removed", lambda s: field("name")(s).pop("maxLength"), ["/user/name"]),
    ("lower minimum", lambda s: field("version")(s).update(minimum=0), ["/user/version"]),
    ("other items", lambda s: field("groups")(s).update(items={"type": "object"}), ["/user/groups/*"]),
    ("text became an object", lambda s: fields(s).update(groups={"type": "object"}), ["/user/groups"]),
    ("alternative added", lambda s: field("value")(s)["anyOf"].append(NULL), ["/user/value"]),
    ("field of an alternative", lambda s: s["$defs"]["Address"]["properties"].pop("city"), ["/user/value/city"]),
]  # fmt: skip

ALLOWED: list[tuple[str, str, Change]] = [
    ("user.create", "new optional field", lambda s: fields(s).update(x=TEXT)),
    ("user.create", "not required any more", lambda s: s["required"].clear()),
    ("user.create", "value added", lambda s: field("status")(s)["enum"].append("Gone")),
    ("user.create", "any value", lambda s: field("status")(s).pop("enum")),
    ("user.create", "null accepted", lambda s: fields(s).update(name={"anyOf": [NULL, TEXT]})),
    ("user.create", "number for an integer", lambda s: field("level")(s).update(type="number")),
    ("user.create", "wider limits", lambda s: field("name")(s).update(minLength=0, maxLength=300)),
    ("user.create", "pattern removed", lambda s: field("name")(s).pop("pattern")),
    ("user.create", "more items", lambda s: field("roles")(s).update(minItems=0, maxItems=99)),
    ("user.create", "alternative added", lambda s: field("place")(s)["oneOf"].append(NULL)),
    ("user.create", "oneOf is anyOf", lambda s: field("place")(s).update(anyOf=field("place")(s).pop("oneOf"))),
    ("user.create", "condition removed", lambda s: (s.pop("if"), s.pop("then"))),
    ("user.create", "further fields", lambda s: s.pop("additionalProperties")),
    ("user.create", "constant became values", lambda s: place(s, 0)["properties"].update(kind={"enum": ["office", 1]})),
    ("user.create", "description", lambda s: (s.update(title="X"), field("name")(s).update(description="x"))),
    ("user.create", "definition in its place", lambda s: fields(s).update(organization=REFERENCE)),
    ("user.create", "other name of a definition", refer),
    ("user.created", "new field", lambda s: fields(s).update(x=TEXT)),
    ("user.created", "new required field", lambda s: (fields(s).update(x=TEXT), state(s)["required"].append("x"))),
    ("user.created", "required", lambda s: s["required"].append("more")),
    ("user.created", "value added where values grow", lambda s: field("reason")(s)["enum"].append("code-taken")),
    ("user.created", "value that is not used any more", lambda s: field("status")(s)["enum"].remove("Limited")),
    ("user.created", "never null", lambda s: fields(s).update(note={"type": "string"})),
    ("user.created", "new limit", lambda s: field("name")(s).update(maxLength=100)),
    ("user.created", "alternative that is not used any more", lambda s: field("value")(s)["anyOf"].pop()),
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "expected"), [one[1:] for one in BREAKS_SENDERS], ids=[one[0] for one in BREAKS_SENDERS]
)
def test_a_change_that_breaks_senders_is_found(change: Change, expected: list[str]) -> None:
    assert sorted(paths("user.create", change)) == expected


@pytest.mark.parametrize(
    ("change", "expected"), [one[1:] for one in BREAKS_READERS], ids=[one[0] for one in BREAKS_READERS]
)
def test_a_change_that_breaks_readers_is_found(change: Change, expected: list[str]) -> None:
    assert sorted(paths("user.created", change)) == expected


@pytest.mark.parametrize(
    ("name", "change"), [(one[0], one[2]) for one in ALLOWED], ids=[f"{one[0]} {one[1]}" for one in ALLOWED]
)
def test_other_changes_are_allowed(name: str, change: Change) -> None:
    assert paths(name, change) == []


def test_a_message_that_was_removed_is_found_and_a_new_one_is_allowed() -> None:
    found = breaks(RELEASED, {"user.create": COMMAND, "user.welcomed": EVENT})
    assert [str(one) for one in found] == [
        "user.created: the message was removed. Keep its type, and add new ones beside it."
    ]


def test_a_break_says_what_changed_and_what_would_be_right() -> None:
    schema = copied(COMMAND)
    schema["required"].append("note")
    fields(schema)["name"]["maxLength"] = 100
    assert sorted(str(one) for one in breaks(RELEASED, {**RELEASED, "user.create": schema})) == [
        "user.create /name: the field has another maxLength: 100 instead of 255. To be right, keep it, and add another "
        "optional field, or define user.create.v2.",
        "user.create /note: the field is required now. To be right, keep it optional, or define user.create.v2.",
    ]
