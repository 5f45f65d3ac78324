"""Query parameters: the declaration of a parameter defines its parsing, validation and documentation.

All parameters of a request are parsed together, so that one response reports the errors of all. The error for an
unknown parameter lists the allowed ones.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import unquote_plus

from service.core.problem import first_errors, shortened
from service.http.problem import Error, bad_request

T = TypeVar("T")


class InvalidValue(Exception):
    """A parameter has an invalid value: pairs of error code and message."""

    def __init__(self, *errors: tuple[str, str]) -> None:
        super().__init__(*errors)
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Parameter(Generic[T]):
    """A query parameter: `parse` converts its values (one, unless `repeated`) to a T or raises InvalidValue.

    `absent` is the value when the parameter is missing, unless it is `required`; `schema` and `layout` are for the
    OpenAPI document. `check` raises InvalidValue if the value does not fit those of the other parameters, which are
    valid or absent.
    """

    name: str
    parse: Callable[[list[str]], T]
    absent: T
    description: str
    schema: dict[str, Any]
    repeated: bool = False
    layout: dict[str, Any] = field(default_factory=dict)
    example: Any = None
    check: "Callable[[QueryParameters], None] | None" = None
    required: bool = False


class QueryParameters:
    """The parameters of one request: `query[PAGE_SIZE]` is the value of that parameter."""

    def __init__(self, values: dict[str, Any], pairs: Sequence[tuple[str, str]]) -> None:
        self._values = values
        self.pairs = pairs
        """The decoded names and values, as in the request."""

    def __getitem__(self, parameter: Parameter[T]) -> T:
        value: T = self._values.get(parameter.name, parameter.absent)
        return value

    def __contains__(self, parameter: Parameter[Any]) -> bool:
        return parameter.name in self._values


def read(query: bytes, known: Sequence[Parameter[Any]]) -> QueryParameters:
    """Parse a query string. Raises HttpProblem (400) with the errors of all parameters."""
    pairs = _pairs(query.decode("utf-8", "replace"))
    required = [parameter.name for parameter in known if parameter.required]
    if not pairs and not required:
        return QueryParameters({}, pairs)
    names = {parameter.name: parameter for parameter in known}
    allowed = ", ".join(names) or "none"
    texts_by_name: dict[str, list[str]] = {}
    for name, value in [pair for pair in pairs if pair[0] in names]:
        texts_by_name.setdefault(name, []).append(value)
    # Thousands of names fit into a query, and only the first ones are shown.
    unknown, more = first_errors({name for name, _ in pairs}.difference(names), key=str)
    errors = [
        Error(
            "unknown-parameter",
            f"{name} is not a parameter of this operation; allowed parameters: {allowed}.",
            name,
        )
        for name in map(shortened, unknown)
    ]
    missing = (name for name in required if name not in texts_by_name)
    errors += [Error("missing-parameter", f"{name} is required.", name) for name in missing]
    values: dict[str, Any] = {}
    for name, texts in texts_by_name.items():
        try:
            values[name] = _parsed(names[name], texts)
        except InvalidValue as wrong:
            errors += [Error(code, message, name) for code, message in wrong.errors]
    parameters = QueryParameters(values, pairs)
    for name in values:
        errors += _conflicts(names[name], parameters)
    if errors:
        raise bad_request(errors, more=more)
    return parameters


def _pairs(query: str) -> list[tuple[str, str]]:
    """Return the decoded names and values, as `parse_qsl` does with `keep_blank_values`.

    `parse_qsl` takes six times as long for thousands of names, and no other request is processed meanwhile.
    """
    pieces = [piece.partition("=") for piece in query.split("&") if piece]
    if "%" in query or "+" in query:
        return [
            (unquote_plus(name, errors="replace"), unquote_plus(value, errors="replace")) for name, _, value in pieces
        ]
    return [(name, value) for name, _, value in pieces]


def _conflicts(parameter: Parameter[Any], all_parameters: QueryParameters) -> Sequence[Error]:
    if parameter.check is None:
        return ()
    try:
        parameter.check(all_parameters)
    except InvalidValue as wrong:
        return [Error(code, message, parameter.name) for code, message in wrong.errors]
    return ()


def _parsed(parameter: Parameter[T], texts: list[str]) -> T:
    if len(texts) > 1 and not parameter.repeated:
        raise invalid(f"{parameter.name} must not occur more than once.")
    if any("\0" in text for text in texts):
        raise invalid(f"{parameter.name} must not contain the character NUL.")
    return parameter.parse(texts)


def invalid(message: str) -> InvalidValue:
    """Return the error of a malformed or out-of-range value; the message states the allowed values."""
    return InvalidValue(("invalid-parameter", message))
