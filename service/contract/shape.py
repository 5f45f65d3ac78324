"""Validation of data against a model: fast acceptance, or a list of all problems in the terms of the sender."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from heapq import nsmallest
from operator import itemgetter
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from service.core.problem import Problem

MAX_PROBLEMS: Final = 100
"""The maximum number of problems in a rejection, so that its size is limited whatever was sent."""

_MAX_NAME: Final = 128


class Shape:
    """A model and its validator; `accept` raises pydantic's ValidationError for invalid data.

    `accept` is the method of the validator itself, because the adapter's method adds considerable overhead.
    """

    def __init__(self, model: Any, command: str) -> None:
        self.adapter: Final[TypeAdapter[Any]] = TypeAdapter(model)
        self.accept: Final = self.adapter.validator.validate_python
        self.command: Final = command

    @cached_property
    def _schema(self) -> dict[str, Any]:
        return self.adapter.json_schema()

    def problems(self, data: object) -> list[Problem]:
        """Return the problems of the data, the first MAX_PROBLEMS by path."""
        try:
            self.accept(data)
        except ValidationError as refused:
            errors = refused.errors(include_url=False, include_context=False, include_input=False)
            found = ((pointer(error["loc"]), error["type"], error["loc"]) for error in errors)
            first = nsmallest(MAX_PROBLEMS, found, key=itemgetter(0, 1))
            return [self._problem(place, kind) for _, kind, place in first]
        return []

    def _problem(self, location: tuple[int | str, ...], kind: str) -> Problem:
        path, name = pointer(location), _display_name(location)
        if kind == "extra_forbidden":
            known = ", ".join(self._resolved(self._node(location[:-1]))["properties"])
            return Problem("unknown-field", f"{name} is not a field of {self.command}; allowed fields: {known}.", path)
        expected = self._node(location)["description"] if location else "a JSON object"
        return Problem("invalid", f"{name} {'is missing: it ' if kind == 'missing' else ''}must be {expected}.", path)

    def _node(self, location: Sequence[int | str]) -> Mapping[str, Any]:
        """Return the part of the JSON Schema that describes a location in the data."""
        node: Mapping[str, Any] = self._schema
        for step in location:
            node = self._resolved(node)
            node = node["items"] if isinstance(step, int) else node["properties"][step]
        return node

    def _resolved(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """Resolve a node: the alternative that is not null, or the referenced definition."""
        if "anyOf" in node:
            node = next(choice for choice in node["anyOf"] if choice.get("type") != "null")
        if "$ref" in node:
            node = self._schema["$defs"][node["$ref"].rpartition("/")[2]]
        return node


def pointer(location: Sequence[int | str]) -> str:
    """Return a location in the data as a JSON pointer (RFC 6901); overlong names are truncated."""
    return "".join(f"/{_truncated(step).replace('~', '~0').replace('/', '~1')}" for step in location)


def nul_problems(data: object) -> list[Problem]:
    """Return a problem for each string with a NUL, which PostgreSQL cannot store, in parsed JSON."""
    places = _nul_places(data)
    return [Problem("invalid", f"{_display_name(place)} must not contain NUL.", pointer(place)) for place in places]


def _nul_places(data: object) -> Iterator[tuple[int | str, ...]]:
    # An explicit stack instead of recursion: JSON may be deeply nested.
    pending: list[tuple[tuple[int | str, ...], object]] = [((), data)]
    found = 0
    while pending and found < MAX_PROBLEMS:
        place, value = pending.pop()
        if isinstance(value, str):
            if "\0" in value:
                found += 1
                yield place
        elif isinstance(value, dict):
            pending.extend(((*place, name), part) for name, part in value.items())
        elif isinstance(value, list):
            pending.extend(((*place, index), part) for index, part in enumerate(value))


def _truncated(step: int | str) -> str:
    text = str(step)
    return text if len(text) <= _MAX_NAME else f"{text[:_MAX_NAME]}…"


def _display_name(location: Sequence[int | str]) -> str:
    if not location:
        return "The data"
    parts = (f"[{step}]" if isinstance(step, int) else f".{_truncated(step)}" for step in location)
    return "".join(parts).removeprefix(".")
