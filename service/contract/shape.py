"""Validation of data against a model: fast acceptance, or a list of all problems in the terms of the sender."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final, NamedTuple, TypeAlias

from pydantic import TypeAdapter, ValidationError

from service.core.problem import Problem, shortened

Location: TypeAlias = Sequence[int | str]
"""The names and indexes that lead to a place in the data."""

_MAX_PATH: Final = 256


class Violation(NamedTuple):
    """A place in the data that violates the model: its JSON pointer, pydantic's type of error, and its location."""

    path: str
    kind: str
    location: tuple[int | str, ...]


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

    def violations(self, data: object) -> list[Violation]:
        """Return all violations of the model."""
        try:
            self.accept(data)
        except ValidationError as refused:
            errors = refused.errors(include_url=False, include_context=False, include_input=False)
            return [Violation(pointer(error["loc"]), error["type"], error["loc"]) for error in errors]
        return []

    def problem(self, violation: Violation) -> Problem:
        """Return a violation as a problem, with a message that states what is allowed."""
        path, kind, location = violation
        name = _display_name(location)
        if kind == "extra_forbidden":
            known = ", ".join(self._resolved(self._node(location[:-1]))["properties"])
            return Problem("unknown-field", f"{name} is not a field of {self.command}; allowed fields: {known}.", path)
        expected = self._node(location)["description"] if location else "a JSON object"
        return Problem("invalid", f"{name} {'is missing: it ' if kind == 'missing' else ''}must be {expected}.", path)

    def _node(self, location: Location) -> Mapping[str, Any]:
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


def pointer(location: Location) -> str:
    """Return a location as a JSON pointer (RFC 6901); it is shortened, because the sender chooses names and depth."""
    path = ""
    for step in location:
        path = _with_step(path, step)
    return path


def nul_problems(data: object, known_paths: Container[str]) -> Iterator[Problem]:
    """Return a problem for each string with a NUL, which PostgreSQL cannot store, unless its path is known.

    `data` is parsed JSON, an object or array.
    """
    # Iterators instead of recursion, because JSON may be deeply nested. The texts of each level are made once.
    levels = [("", "", _members(data))]
    while levels:
        path, name, members = levels[-1]
        member = next(members, None)
        if member is None:
            levels.pop()
            continue
        step, value = member
        if isinstance(value, dict | list):
            levels.append((_with_step(path, step), _with_name(name, step), _members(value)))
        elif isinstance(value, str) and "\0" in value and (place := _with_step(path, step)) not in known_paths:
            yield Problem("invalid", f"{_without_dot(_with_name(name, step))} must not contain NUL.", place)


def _members(value: object) -> Iterator[tuple[int | str, object]]:
    if isinstance(value, dict):
        return iter(value.items())
    return enumerate(value) if isinstance(value, list) else iter(())


def _display_name(location: Location) -> str:
    name = ""
    for step in location:
        name = _with_name(name, step)
    return _without_dot(name) or "The data"


def _with_step(path: str, step: int | str) -> str:
    name = str(step) if isinstance(step, int) else shortened(step).replace("~", "~0").replace("/", "~1")
    return _extended(path, f"/{name}", "/…")


def _with_name(name: str, step: int | str) -> str:
    return _extended(name, f"[{step}]" if isinstance(step, int) else f".{shortened(step)}", ".…")


def _without_dot(name: str) -> str:
    return name.removeprefix(".")


def _extended(text: str, part: str, end: str) -> str:
    """Append a part, or the end if the text becomes too long; nothing follows the end."""
    if text.endswith(end):
        return text
    return text + part if len(text) + len(part) <= _MAX_PATH else text + end
