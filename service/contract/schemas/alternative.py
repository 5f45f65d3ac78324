"""JSON Schemas without references and annotations, as alternatives of parts that all hold."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any, Final, TypeAlias

Plain: TypeAlias = Mapping[str, Any]
"""A schema without references and annotations. Within it, `true` is `{}`."""

Alternative: TypeAlias = tuple[Plain, ...]
"""Schemas that all hold, without alternatives of their own."""

_ANNOTATIONS: Final = frozenset(
    {"$schema", "$id", "$defs", "$comment", "title", "description", "default", "examples", "deprecated"}
)
_BY_NAME: Final = frozenset({"properties", "patternProperties", "dependentSchemas"})
_LISTS: Final = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_SINGLE: Final = frozenset({"items", "additionalProperties", "if", "then", "else", "not", "contains", "propertyNames"})
_TYPES: Final[dict[type, str]] = {
    str: "string", bool: "boolean", int: "integer", float: "number", dict: "object", list: "array", type(None): "null"
}  # fmt: skip


def plain(schema: Mapping[str, Any], mark: str) -> Plain:
    """Return a document without references and annotations.

    A schema with the text `mark` in its description has this text as a keyword. Raises RecursionError for a schema
    that refers to itself.
    """
    definitions: Mapping[str, Any] = schema.get("$defs", {})

    def converted(node: Any) -> Any:
        if isinstance(node, bool):
            return {} if node else False
        own = {key: part(key, value) for key, value in node.items() if key not in _ANNOTATIONS and key != "$ref"}
        if mark in node.get("description", ""):
            own[mark] = True
        if "$ref" not in node:
            return own
        target = converted(definitions[node["$ref"].removeprefix("#/$defs/")])
        return {**own, "allOf": [*own.get("allOf", ()), target]} if own else target

    def part(key: str, value: Any) -> Any:
        if key in _BY_NAME:
            return {name: converted(node) for name, node in value.items()}
        if key in _LISTS:
            return [converted(node) for node in value]
        return converted(value) if key in _SINGLE else value

    result: Plain = converted(schema)
    return result


def values_of(schema: Plain) -> list[Any] | None:
    """Return the values of a constant or an enumeration, None for other schemas."""
    if "const" in schema:
        return [schema["const"]]
    found: list[Any] | None = schema.get("enum")
    return found


def alternatives(schema: Any, *, exact: bool) -> list[Alternative]:
    """Return the alternatives of a schema, of which data fits at least one.

    With `exact`, data that fits one of them is valid. Otherwise, some of it may be invalid.
    """
    if schema is False:
        return []
    own = {key: value for key, value in schema.items() if key not in ("anyOf", "oneOf", "allOf")}
    if "oneOf" in schema and exact and not _are_disjoint(schema["oneOf"]):
        own["oneOf"] = schema["oneOf"]
    types = own.get("type")
    found: list[Alternative] = [({**own, "type": one},) for one in types] if isinstance(types, list) else [(own,)]
    for part in schema.get("allOf", ()):
        found = [(*before, *after) for before in found for after in alternatives(part, exact=exact)]
    for word in ("anyOf", "oneOf"):
        if word in schema and word not in own:
            choices = [one for part in schema[word] for one in alternatives(part, exact=exact)]
            found = [(*before, *after) for before in found for after in choices]
    return found


def merged(parts: Alternative) -> Plain:
    """Return one schema for parts that all hold. It may allow more, because it takes one of two other keywords."""
    result: dict[str, Any] = {}
    for part in parts:
        # A condition and its consequences belong together.
        taken = ("if", "then", "else") if "if" in result else ()
        for key, value in part.items():
            if key in taken:
                continue
            result[key] = _both(key, result[key], value) if key in result else value
    values = values_of(result)
    kinds = {_TYPES[type(value)] for value in values or ()}
    if "type" not in result and len(kinds) == 1:
        result["type"] = kinds.pop()
    return result


def _both(key: str, one: Any, other: Any) -> Any:
    match key:
        case "required":
            return [*dict.fromkeys((*one, *other))]
        case "properties":
            return {name: _all_of(one.get(name), other.get(name)) for name in {**one, **other}}
        case "enum":
            return [value for value in one if value in other]
        case "additionalProperties":
            return False if False in (one, other) else one
        case _ if key.startswith("max"):
            return min(one, other)
        case _ if key.startswith("min"):
            return max(one, other)
    return one


def _all_of(one: Plain | None, other: Plain | None) -> Any:
    if one is None or other is None:
        return other if one is None else one
    return one if one == other else {"allOf": [one, other]}


def _are_disjoint(parts: list[Plain]) -> bool:
    views = [[merged(one) for one in alternatives(part, exact=False)] for part in parts]
    return all(_differ(a, b) for first, second in combinations(views, 2) for a in first for b in second)


def _differ(one: Plain, other: Plain) -> bool:
    """Return whether no data fits both: the types or the values of a required field differ."""
    types = {one.get("type"), other.get("type")}
    if None not in types and len(types) == 2 and types != {"integer", "number"}:
        return True
    required = set(one.get("required", ())) & set(other.get("required", ()))
    fields = [(one.get("properties", {}).get(name, {}), other.get("properties", {}).get(name, {})) for name in required]
    values = [(values_of(a), values_of(b)) for a, b in fields if a is not False and b is not False]
    return any(a is not None and b is not None and not any(value in b for value in a) for a, b in values)
