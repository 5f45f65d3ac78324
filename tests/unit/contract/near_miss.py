"""Data made from a schema: valid data, and near misses that differ from valid data in a few places."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from functools import lru_cache
from random import Random
from typing import Any, Final

import orjson

from tests.unit.contract.schema_validator import schema_validator

TEXTS: Final = (
    "", " ", "a", "pc:1", "pc:669", "A.b~c-d_e:f", "301-008579", "a/b", "-a", "a b", "a\n", "\n", "\0", "a\0b", "é",
    "😀", "u\u0301", "ray\t", "ray\u007f", "ray\u00a0", "\u200b", "\u2028", "\u202eyar", "\ufeff", "\U000e0041",
    "\ud7ff", "\uffff", "office", "region", "division", "Office", "Organization", "organization", "Active", "Limited",
    "active", "US", "usa", "Can", "u\u017f", "DE", "USAA", "us\n", "2022-07-09", "2024-02-29", "2023-02-29",
    "2022-02-30", "0000-01-01", "0001-01-01", "9999-12-31", "10000-01-01", "20220709", "2022-07-09T00:00:00Z",
    "2022-7-9", "٢٠٢٢-07-09", "2022-07-09\n", "null",
    *(character * length for character in ("x", "😀", "é") for length in (64, 65, 255, 256)),
)  # fmt: skip
"""Texts with which validators and databases have had problems, and texts of all formats and limits of the contract."""

VALUES: Final[tuple[Any, ...]] = (
    None, True, False, 0, 1, 1.0, -1, 2**53, [], {}, [None], [""],
    {"id": "pc:1"}, [{"id": "pc:1"}], {"code": "Active"},
)  # fmt: skip
NAMES: Final = (
    "id", "version", "code", "name", "organization", "distributor_id", "Name", "producer_code", "", "\0", "__proto__",
)  # fmt: skip


class DataDraw:
    """Draws data for a schema; the same random numbers give the same data."""

    def __init__(self, schema: Mapping[str, Any], random: Random) -> None:
        self._schema = schema
        self._random = random

    def valid(self) -> Any:
        """Return data that is valid, except for rules that relate fields to each other."""
        return self._value(self._schema)

    def near_miss(self) -> Any:
        """Return valid data with one to three changes, which may leave it valid."""
        data = deepcopy(self.valid())
        for _ in range(self._random.choice((1, 1, 1, 2, 3))):
            holder, key = self._random.choice([*_places({"data": data})])
            if holder is None:
                return self._random.choice(VALUES)
            self._random.choice(_CHANGES)(holder, key, self._random)
        return data

    def _value(self, node: Mapping[str, Any]) -> Any:
        if "$ref" in node:
            return self._value(self._schema["$defs"][node["$ref"].rpartition("/")[2]])
        for word in ("anyOf", "oneOf"):
            if word in node:
                return self._value(self._random.choice(node[word]))
        if "const" in node:
            return node["const"]
        if "enum" in node:
            return self._random.choice(node["enum"])
        return self._of_type(node)

    def _of_type(self, node: Mapping[str, Any]) -> Any:
        match node["type"]:
            case "null":
                return None
            case "boolean":
                return self._random.random() < 0.5
            case "string":
                return self._random.choice(_texts(orjson.dumps(node)))
            case "array":
                length = self._random.randint(node.get("minItems", 0), 3)
                return [self._value(node["items"]) for _ in range(length)]
            case "object":
                present = [
                    name
                    for name in node["properties"]
                    if name in node.get("required", ()) or self._random.random() < 0.6
                ]
                return {name: self._value(node["properties"][name]) for name in present}
        raise ValueError(f"no data for type {node['type']}")


@lru_cache(maxsize=256)
def _texts(node: bytes) -> tuple[str, ...]:
    """Return the texts that are valid for a schema."""
    validator = schema_validator(orjson.loads(node))
    found = tuple(text for text in TEXTS if validator.is_valid(text))
    assert found, f"add a text to TEXTS that is valid for {node.decode()}"
    return found


def _places(holder: Any) -> Iterator[tuple[Any, Any]]:
    """Return all places of data, as container and key; the container is None for the data itself."""
    for key, value in holder.items() if isinstance(holder, dict) else enumerate(holder):
        yield (None, None) if key == "data" else (holder, key)
        if isinstance(value, dict | list):
            yield from _places(value)


def _replace(holder: Any, key: Any, random: Random) -> None:
    holder[key] = deepcopy(random.choice((*VALUES, *TEXTS)))


def _replace_by_text(holder: Any, key: Any, random: Random) -> None:
    holder[key] = random.choice(TEXTS)


def _clear(holder: Any, key: Any, _random: Random) -> None:
    holder[key] = None


def _remove(holder: Any, key: Any, _random: Random) -> None:
    del holder[key]


def _add(holder: Any, key: Any, random: Random) -> None:
    value = deepcopy(random.choice((*VALUES, *TEXTS)))
    if isinstance(holder, dict):
        holder[random.choice(NAMES)] = value
    else:
        holder.insert(key, value)


def _repeat(holder: Any, key: Any, random: Random) -> None:
    if isinstance(holder, list):
        holder.append(deepcopy(holder[key]))
    else:
        holder[random.choice([*holder])] = deepcopy(holder[key])


def _extend(holder: Any, key: Any, random: Random) -> None:
    if isinstance(holder[key], str):
        holder[key] = random.choice(TEXTS) + holder[key] + random.choice(TEXTS)
    elif isinstance(holder[key], dict):
        holder[key][random.choice(NAMES)] = random.choice(TEXTS)
    else:
        holder[key] = [deepcopy(holder[key])]


def _rename(holder: Any, key: Any, random: Random) -> None:
    if isinstance(holder, dict):
        holder[random.choice((key.upper(), f"{key} ", *NAMES))] = holder.pop(key)


_CHANGES: Final[tuple[Callable[[Any, Any, Random], None], ...]] = (
    _replace, _replace_by_text, _replace_by_text, _clear, _remove, _add, _repeat, _extend, _rename,
)  # fmt: skip
