"""Whether one schema includes another one, for keywords that the contract does not use yet; in doubt it does not."""

from __future__ import annotations

from typing import Any, Final

import pytest

from service.contract.schemas.inclusion import differences

TEXT: Final = {"type": "string"}
SHORT: Final = {"type": "string", "maxLength": 5}
NUMBERS: Final = {"type": "array", "items": {"type": "integer"}}
ONE: Final = {"oneOf": [TEXT, SHORT]}
"""Of this, a short text is no valid value."""

BY_PATTERN: Final = {"patternProperties": {"^a": TEXT}, "additionalProperties": False}
CLOSED: Final = {"unevaluatedProperties": False}
IS_A: Final = {"const": "a"}
IS_B: Final = {"const": "b"}

INCLUDED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (TEXT, {}),
    ({}, {}),
    (ONE, ONE),
    (ONE, TEXT),
    (TEXT, {"type": ["string", "null"]}),
    ({"type": ["string", "null"]}, {"anyOf": [{"type": "null"}, TEXT]}),
    ({"const": "a"}, TEXT),
    ({"enum": ["a", 1]}, {"enum": [1, "a", None]}),
    ({"const": "a"}, {"enum": ["a", "b"]}),
    ({"allOf": [TEXT, {"maxLength": 5}]}, SHORT),
    ({"allOf": [{"maxLength": 9}, SHORT]}, SHORT),
    (SHORT, {"allOf": [TEXT, {"maxLength": 6}]}),
    ({"type": "integer"}, {"type": "number"}),
    ({"minimum": 1}, {"minimum": 0}),
    ({"type": "array", "prefixItems": [TEXT]}, {"type": "array", "prefixItems": [TEXT]}),
    ({"if": IS_A, "then": SHORT}, {"if": IS_A, "then": TEXT}),
    ({"allOf": [{"if": IS_A, "then": SHORT}, {"if": IS_B, "then": TEXT}]}, {"if": IS_A, "then": SHORT}),
    ({"additionalProperties": SHORT}, {"additionalProperties": TEXT}),
    ({"additionalProperties": SHORT}, {"properties": {"a": TEXT}}),
    ({"properties": {"a": False}, "additionalProperties": False}, {"additionalProperties": False}),
]  # fmt: skip
NOT_INCLUDED: list[tuple[dict[str, Any], dict[str, Any], set[str]]] = [
    ({}, TEXT, {"type"}),
    (TEXT, ONE, {"oneOf"}),
    (SHORT, ONE, {"oneOf"}),
    ({"type": ["string", "null"]}, TEXT, {"type"}),
    ({"enum": ["a", 1]}, TEXT, {"type"}),
    ({"minimum": -1}, {"minimum": 0}, {"minimum"}),
    ({"type": "integer"}, {"type": "integer", "minimum": 0}, {"minimum"}),
    ({"type": "array", "prefixItems": [TEXT], "items": {"type": "integer"}}, NUMBERS, {"prefixItems"}),
    (BY_PATTERN, {"properties": {"a": SHORT}}, {"patternProperties"}),
    ({"properties": {"a": TEXT}, **CLOSED}, CLOSED, {"unevaluatedProperties"}),
    ({"if": IS_A, "then": TEXT}, {"if": IS_A, "then": SHORT}, {"maxLength"}),
    ({"allOf": [{"if": IS_A, "then": TEXT}, {"if": IS_B, "else": SHORT}]}, {"if": IS_A, "else": SHORT}, {"type"}),
    ({"additionalProperties": TEXT}, {"properties": {"a": TEXT}, "required": ["a"]}, {"required"}),
    ({"additionalProperties": TEXT}, {"additionalProperties": SHORT}, {"maxLength"}),
    ({"properties": {"a": TEXT}}, {"additionalProperties": SHORT, "properties": {}}, {"maxLength", "type"}),
    ({"type": "object"}, {"type": "object", "minProperties": 1}, {"minProperties"}),
    ({"type": "object"}, {"type": "object", "propertyNames": SHORT}, {"propertyNames"}),
    ({"type": "array"}, {"type": "array", "contains": TEXT}, {"contains"}),
]  # fmt: skip


@pytest.mark.parametrize(("narrow", "wide"), INCLUDED)
def test_a_schema_that_allows_no_more_is_included(narrow: dict[str, Any], wide: dict[str, Any]) -> None:
    assert differences(narrow, wide) == []


@pytest.mark.parametrize(("narrow", "wide", "keywords"), NOT_INCLUDED)
def test_a_schema_that_may_allow_more_is_not_included(
    narrow: dict[str, Any], wide: dict[str, Any], keywords: set[str]
) -> None:
    assert {found.keyword for found in differences(narrow, wide)} == keywords
