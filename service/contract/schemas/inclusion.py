"""Whether all data that is valid for one JSON Schema is valid for another one.

The answer is safe: what cannot be decided counts as a difference. References must not be recursive.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from service.contract.catalogue import GROWS
from service.contract.schemas.alternative import Alternative, Plain, alternatives, merged, values_of

_LOWER: Final = ("minLength", "minimum", "exclusiveMinimum", "minItems", "minProperties")
_COUNTS: Final = frozenset({"minLength", "minItems", "minProperties"})
_UPPER: Final = ("maxLength", "maximum", "exclusiveMaximum", "maxItems", "maxProperties")
_COMPARED: Final = frozenset(
    {
        *_LOWER, *_UPPER, "type", "const", "enum", "multipleOf", "uniqueItems", "items", "required", "properties",
        "additionalProperties", "dependentSchemas", "if", "then", "else",
    }
)  # fmt: skip
"""The keywords that are compared in detail. Others, such as `pattern`, must be absent or the same."""

_RELATED: Final = ("patternProperties", "prefixItems", "unevaluatedProperties", "unevaluatedItems", "$dynamicRef")
"""Keywords whose meaning depends on others. Schemas with them must be the same."""

REMOVED: Final = "removed"
"""The keyword of a difference in which one schema lacks a property that the other one defines."""


class Difference(NamedTuple):
    """A place at which the narrow schema allows more than the wide one.

    `path` is a JSON pointer into the data, with `*` for the items of a list.
    """

    path: str
    keyword: str
    narrow: Any
    wide: Any


def differences(narrow: Plain, wide: Plain, path: str = "") -> list[Difference]:
    """Return why some data of the narrow schema is not valid for the wide one; nothing if all is."""
    if narrow == wide:
        return []
    found: list[Difference] = []
    choices = alternatives(wide, exact=True)
    for alternative in alternatives(narrow, exact=False):
        view = merged(alternative)
        attempts = [list(_against(view, choice, path)) for choice in choices]
        if all(attempts):
            found += _most_similar(view, attempts, choices, path)
    return [*dict.fromkeys(map(_hashable, found))]


def _most_similar(
    view: Plain, attempts: list[list[Difference]], choices: list[Alternative], path: str
) -> list[Difference]:
    """Return the differences to the alternative that was probably meant: of the same type, with few differences."""
    same_type = [attempt for attempt in attempts if not any(d.path == path and d.keyword == "type" for d in attempt)]
    if same_type:
        return min(same_type, key=lambda attempt: (any(d.keyword == "enum" for d in attempt), len(attempt)))
    types = [merged(choice).get("type") for choice in choices]
    return [Difference(path, "type", view.get("type"), types[0] if len(types) == 1 else types)]


def _hashable(difference: Difference) -> Difference:
    narrow, wide = (value if isinstance(value, str | int | float | None) else _text(value) for value in difference[2:])
    return Difference(difference.path, difference.keyword, narrow, wide)


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _against(narrow: Plain, wide: Alternative, path: str) -> Iterator[Difference]:
    for part in wide:
        yield from _simple(narrow, part, path)


def _simple(narrow: Plain, wide: Plain, path: str) -> Iterator[Difference]:
    """Compare schemas without alternatives."""
    expected, given = wide.get("type"), narrow.get("type")
    if expected not in (None, given) and (given, expected) != ("integer", "number"):
        yield Difference(path, "type", given, expected)
        return
    for keyword in _RELATED:
        if (keyword in narrow or keyword in wide) and narrow != wide:
            yield Difference(path, keyword, narrow.get(keyword), wide.get(keyword))
    yield from _values(narrow, wide, path)
    if values_of(narrow) is None or values_of(wide) is None:
        yield from _limits(narrow, wide, path)
    if "items" in wide:
        yield from differences(narrow.get("items", {}), wide["items"], f"{path}/*")
    yield from _fields(narrow, wide, path)
    yield from _conditions(narrow, wide, path)
    for keyword in sorted(wide.keys() - _COMPARED - {GROWS, *_RELATED}):
        if narrow.get(keyword) != wide[keyword]:
            yield Difference(path, keyword, narrow.get(keyword), wide[keyword])


def _values(narrow: Plain, wide: Plain, path: str) -> Iterator[Difference]:
    allowed, given = values_of(wide), values_of(narrow)
    if allowed is None:
        return
    if given is None:
        yield Difference(path, "enum", "any value", allowed)
    elif added := [value for value in given if value not in allowed]:
        yield Difference(path, "enum" if GROWS not in wide else GROWS, added, allowed)


def _limits(narrow: Plain, wide: Plain, path: str) -> Iterator[Difference]:
    for keyword in _LOWER:
        # A length of 0 is no limit.
        least = 0 if keyword in _COUNTS else float("-inf")
        if keyword in wide and narrow.get(keyword, least) < wide[keyword]:
            yield Difference(path, keyword, narrow.get(keyword), wide[keyword])
    for keyword in _UPPER:
        if keyword in wide and narrow.get(keyword, float("inf")) > wide[keyword]:
            yield Difference(path, keyword, narrow.get(keyword), wide[keyword])
    for keyword in ("multipleOf", "uniqueItems"):
        if wide.get(keyword) and narrow.get(keyword) != wide[keyword]:
            yield Difference(path, keyword, narrow.get(keyword), wide[keyword])


def _fields(narrow: Plain, wide: Plain, path: str) -> Iterator[Difference]:
    own: Mapping[str, Any] = narrow.get("properties", {})
    others: Mapping[str, Any] = wide.get("properties", {})
    further, allowed = narrow.get("additionalProperties", {}), wide.get("additionalProperties", {})
    removed = others.keys() - own.keys() if further == {} else frozenset()
    for name, part in others.items():
        if name in removed:
            yield Difference(f"{path}/{name}", REMOVED, None, part)
        else:
            yield from differences(own.get(name, further), part, f"{path}/{name}")
    for name in wide.get("required", ()):
        if name not in narrow.get("required", ()) and name not in removed:
            yield Difference(f"{path}/{name}", "required", False, True)
    for name in sorted(own.keys() - others.keys()) if allowed != {} else ():
        if allowed is False and own[name] is not False:
            yield Difference(f"{path}/{name}", REMOVED, own[name], None)
        else:
            yield from differences(own[name], allowed, f"{path}/{name}")
    if allowed is False and further is not False:
        yield Difference(path, "additionalProperties", True, False)
    elif allowed != {}:
        yield from differences(further, allowed, f"{path}/*")


def _conditions(narrow: Plain, wide: Plain, path: str) -> Iterator[Difference]:
    if "if" in wide:
        if narrow.get("if") != wide["if"]:
            yield Difference(path, "if", narrow.get("if"), wide["if"])
        else:
            for keyword in ("then", "else"):
                yield from differences(narrow.get(keyword, {}), wide.get(keyword, {}), path)
    for name, part in wide.get("dependentSchemas", {}).items():
        yield from differences(narrow.get("dependentSchemas", {}).get(name, {}), part, path)
