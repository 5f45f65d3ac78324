"""One model of data: accept it fast, or say in the sender's words everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from heapq import nsmallest
from operator import itemgetter
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from service.core.problem import Problem

MAX_PROBLEMS: Final = 100
"""A rejection lists at most so many problems, so that its size is bounded whatever was sent."""

_MAX_NAME: Final = 128


class Shape:
    """A model and its checks; `accept` takes data and raises pydantic's ValidationError when it is not right.

    `accept` is the validator itself: the adapter's own method costs as much again as a list of 2,000 would save.
    """

    def __init__(self, model: Any, command: str) -> None:
        self.adapter: Final[TypeAdapter[Any]] = TypeAdapter(model)
        self.accept: Final = self.adapter.validator.validate_python
        self.command: Final = command

    @cached_property
    def _schema(self) -> dict[str, Any]:
        return self.adapter.json_schema()

    def problems(self, data: object) -> list[Problem]:
        """Say everything that is wrong with the data, or the first of it when it is very much."""
        try:
            self.accept(data)
        except ValidationError as refused:
            errors = refused.errors(include_url=False, include_context=False, include_input=False)
            found = ((pointer(error["loc"]), error["type"], error["loc"]) for error in errors)
            first = nsmallest(MAX_PROBLEMS, found, key=itemgetter(0, 1))
            return [self._problem(place, kind) for _, kind, place in first]
        return []

    def _problem(self, location: tuple[int | str, ...], kind: str) -> Problem:
        path, name = pointer(location), _spoken(location)
        if kind == "extra_forbidden":
            known = ", ".join(self._opened(self._node(location[:-1]))["properties"])
            return Problem("unknown-field", f"{name} is not a field of {self.command}; known here: {known}.", path)
        right = self._node(location)["description"] if location else "a JSON object"
        return Problem("invalid", f"{name} {'is missing: it ' if kind == 'missing' else ''}must be {right}.", path)

    def _node(self, location: Sequence[int | str]) -> Mapping[str, Any]:
        """Find the part of the JSON Schema that describes a place in the data, where the place is used."""
        node: Mapping[str, Any] = self._schema
        for step in location:
            node = self._opened(node)
            node = node["items"] if isinstance(step, int) else node["properties"][step]
        return node

    def _opened(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """Go to what the node means: the one choice that is not null, the definition that it points at."""
        if "anyOf" in node:
            node = next(choice for choice in node["anyOf"] if choice.get("type") != "null")
        if "$ref" in node:
            node = self._schema["$defs"][node["$ref"].rpartition("/")[2]]
        return node


def pointer(location: Sequence[int | str]) -> str:
    """Write a place in the data as a JSON pointer (RFC 6901); overlong names are cut."""
    return "".join(f"/{_cut(step).replace('~', '~0').replace('/', '~1')}" for step in location)


def nul_problems(data: object) -> list[Problem]:
    """Find the texts that have a NUL, which PostgreSQL cannot keep, in data that JSON gave."""
    places = _nul_places(data)
    return [Problem("invalid", f"{_spoken(place)} must not contain NUL.", pointer(place)) for place in places]


def _nul_places(data: object) -> Iterator[tuple[int | str, ...]]:
    # A list of what is still to see, not a recursion: JSON may be deep.
    unseen: list[tuple[tuple[int | str, ...], object]] = [((), data)]
    found = 0
    while unseen and found < MAX_PROBLEMS:
        place, value = unseen.pop()
        if isinstance(value, str):
            if "\0" in value:
                found += 1
                yield place
        elif isinstance(value, dict):
            unseen.extend(((*place, name), part) for name, part in value.items())
        elif isinstance(value, list):
            unseen.extend(((*place, index), part) for index, part in enumerate(value))


def _cut(step: int | str) -> str:
    text = str(step)
    return text if len(text) <= _MAX_NAME else f"{text[:_MAX_NAME]}…"


def _spoken(location: Sequence[int | str]) -> str:
    if not location:
        return "The data"
    parts = (f"[{step}]" if isinstance(step, int) else f".{_cut(step)}" for step in location)
    return "".join(parts).removeprefix(".")
