"""The schemas follow the strict mode of validators such as ajv, and code generators find a name for each object."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from service.contract.catalogue import COMMANDS
from service.contract.schemas import documents, title

SCHEMAS: Final = documents()
COMMAND_NAMES: Final = {kind.name for kind in COMMANDS}
TYPES_OF_KEYWORDS: Final = {
    word: types
    for types, words in (
        ({"string"}, ("minLength", "maxLength", "pattern", "format")),
        ({"integer", "number"}, ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")),
        ({"array"}, ("items", "prefixItems", "minItems", "maxItems", "uniqueItems")),
        ({"object"}, ("properties", "required", "additionalProperties", "dependentSchemas")),
    )
    for word in words
}
OTHER_KEYWORDS: Final = {
    "$schema", "$id", "$defs", "$ref", "title", "description", "type", "enum", "const", "default",
    "anyOf", "oneOf", "if", "then", "not",
}  # fmt: skip

Node = tuple[str, dict[str, Any], frozenset[str], bool]
"""A schema: where it is, its keywords, the types that are allowed there, whether it restricts the schema around it."""


def nodes(place: str, node: dict[str, Any], outer: frozenset[str] = frozenset(), inner: bool = False) -> Iterator[Node]:
    """Return a schema and all schemas within it."""
    types = frozenset([node["type"]]) if "type" in node else outer
    yield place, node, types, inner
    for word in ("anyOf", "oneOf"):
        for index, part in enumerate(node.get(word, ())):
            yield from nodes(f"{place}/{word}/{index}", part, types, True)
    for word in ("if", "then", "not"):
        if word in node:
            yield from nodes(f"{place}/{word}", node[word], types, True)
    for name, part in node.get("dependentSchemas", {}).items():
        yield from nodes(f"{place}/dependentSchemas/{name}", part, types, True)
    for word in ("properties", "$defs"):
        for name, part in node.get(word, {}).items():
            yield from nodes(f"{place}/{word}/{name}", part, inner=inner)
    if "items" in node:
        yield from nodes(f"{place}/items", node["items"])


ALL: Final = [node for name, schema in SCHEMAS.items() for node in nodes(name, schema)]


def test_keywords_are_those_that_these_tests_know() -> None:
    assert {
        (place, word) for place, node, _, _ in ALL for word in node.keys() - TYPES_OF_KEYWORDS - OTHER_KEYWORDS
    } == set()


def test_every_keyword_stands_beside_the_type_that_it_restricts() -> None:
    wrong = [
        (place, word)
        for place, node, types, _ in ALL
        for word in node.keys() & TYPES_OF_KEYWORDS.keys()
        if not types or not types <= TYPES_OF_KEYWORDS[word]
    ]
    assert wrong == []


def test_every_schema_has_one_type() -> None:
    assert [place for place, node, _, _ in ALL if not isinstance(node.get("type", ""), str)] == []


def test_every_required_field_is_defined_beside_the_requirement() -> None:
    assert [
        place for place, node, _, _ in ALL if not set(node.get("required", ())) <= set(node.get("properties", ()))
    ] == []


def test_every_object_with_fields_has_a_name() -> None:
    """A message has its title, another object the name of its definition."""
    named = re.compile(r"[a-z.-]+(/\$defs/[A-Z][A-Za-z]*)?")
    unnamed = [
        place for place, node, _, inner in ALL if "properties" in node and not inner and not named.fullmatch(place)
    ]
    assert unnamed == []


def test_a_title_is_a_name_for_a_type() -> None:
    titles = {name: schema["title"] for name, schema in SCHEMAS.items()}
    assert titles["user.join-group"] == "UserJoinGroup"
    assert titles == {name: title(name) for name in SCHEMAS}
    assert len({*titles.values()}) == len(titles)
    definitions = {name for schema in SCHEMAS.values() for name in schema.get("$defs", {})}
    assert [name for name in (*titles.values(), *definitions) if not re.fullmatch("[A-Z][A-Za-z]*", name)] == []
    assert definitions.isdisjoint(titles.values())


@pytest.mark.parametrize("commands", [True, False], ids=["commands", "events"])
def test_a_name_of_a_definition_has_one_meaning(commands: bool) -> None:
    meanings: dict[str, Any] = {}
    for name, schema in SCHEMAS.items():
        if (name in COMMAND_NAMES) == commands:
            for definition, part in schema.get("$defs", {}).items():
                assert meanings.setdefault(definition, part) == part, (name, definition)


def test_descriptions_of_messages_are_sentences() -> None:
    assert [name for name, schema in SCHEMAS.items() if not schema["description"].endswith(".")] == []
