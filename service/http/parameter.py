"""Query parameters: each is declared once, and from there parsed, refused and documented.

A request's parameters are read together, so that all errors come in one answer; a name that the operation does not
know is an error that says which it knows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl

from service.http.problem import Error, bad_request

T = TypeVar("T")


class InvalidValue(Exception):
    """What a parameter says cannot be understood: pairs of code and message."""

    def __init__(self, *errors: tuple[str, str]) -> None:
        super().__init__(*errors)
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Parameter(Generic[T]):
    """A query parameter: `parse` turns its values (one, unless `repeated`) into a T or raises Wrong.

    `absent` is its value when it is not given; `schema` and `layout` are for the OpenAPI document.
    """

    name: str
    parse: Callable[[list[str]], T]
    absent: T
    description: str
    schema: dict[str, Any]
    repeated: bool = False
    layout: dict[str, Any] = field(default_factory=dict)
    example: Any = None


class QueryParameters:
    """The parameters of one request: `given[PAGE_SIZE]` is the value of that parameter."""

    def __init__(self, values: dict[str, Any], pairs: Sequence[tuple[str, str]]) -> None:
        self._values = values
        self.pairs = pairs
        """Names and values as the caller wrote them, decoded."""

    def __getitem__(self, parameter: Parameter[T]) -> T:
        value: T = self._values.get(parameter.name, parameter.absent)
        return value

    def __contains__(self, parameter: Parameter[Any]) -> bool:
        return parameter.name in self._values


def read(query: bytes, known: Sequence[Parameter[Any]]) -> QueryParameters:
    """Read a query string; raises Refused (400) with all errors."""
    pairs = parse_qsl(query.decode("utf-8", "replace"), keep_blank_values=True)
    if not pairs:
        return QueryParameters({}, pairs)
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    names = {parameter.name: parameter for parameter in known}
    allowed = ", ".join(names) or "none"
    errors = [
        Error("unknown-parameter", f"There is no parameter {_quoted(name)} here; there are: {allowed}.", name)
        for name in found
        if name not in names
    ]
    values: dict[str, Any] = {}
    for name, texts in found.items():
        if name in names:
            try:
                values[name] = _parsed(names[name], texts)
            except InvalidValue as wrong:
                errors += [Error(code, message, name) for code, message in wrong.errors]
    if errors:
        raise bad_request(errors)
    return QueryParameters(values, pairs)


def _parsed(parameter: Parameter[T], texts: list[str]) -> T:
    if len(texts) > 1 and not parameter.repeated:
        raise invalid(f"{parameter.name} may be given once only.")
    if any("\0" in text for text in texts):
        raise invalid(f"{parameter.name} must not contain the character NUL.")
    return parameter.parse(texts)


def invalid(message: str) -> InvalidValue:
    """A value that is malformed or out of range; the message says what is allowed."""
    return InvalidValue(("invalid-parameter", message))


def _quoted(name: str) -> str:
    return name if len(name) <= 64 else f"{name[:64]}…"
