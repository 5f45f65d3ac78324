"""Types of query parameters: integers, flags, choices, dates, ids and lists of names."""

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final, TypeVar

from service.core.problem import shortened
from service.http.parameter import InvalidValue, Parameter, invalid

ID_PATTERN: Final = "^[A-Za-z0-9][A-Za-z0-9:._~-]*$"
MAX_ID: Final = 64

T = TypeVar("T")

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._~-]{0,63}")
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,17}")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def is_id(text: str) -> bool:
    """Return whether the text has the format of an id (domain, "Attributes")."""
    return _ID.fullmatch(text) is not None


def parse_date(text: str) -> date | None:
    """Parse a date in the format YYYY-MM-DD; return None when it is invalid."""
    if _DATE.fullmatch(text) is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def number(name: str, description: str, *, absent: int, low: int, high: int) -> Parameter[int]:
    """Return an integer parameter with a range."""

    def parse(texts: list[str]) -> int:
        if _NUMBER.fullmatch(texts[0]) is None or not low <= int(texts[0]) <= high:
            raise invalid(f"{name} must be a whole number from {low} to {high}.")
        return int(texts[0])

    schema = {"type": "integer", "minimum": low, "maximum": high, "default": absent}
    return Parameter(name, parse, absent, description, schema)


def optional_number(name: str, description: str, *, high: int) -> Parameter[int | None]:
    """Return an integer parameter from 0 to `high` without a default."""

    def parse(texts: list[str]) -> int:
        if re.fullmatch("0|[1-9][0-9]{0,18}", texts[0]) is None or int(texts[0]) > high:
            raise invalid(f"{name} must be a whole number from 0 to {high}.")
        return int(texts[0])

    return Parameter(name, parse, None, description, {"type": "integer", "minimum": 0, "maximum": high})


def text(name: str, description: str, longest: int, example: str) -> Parameter[str]:
    """Return a required text of 1 to `longest` characters."""

    def parse(texts: list[str]) -> str:
        if not 0 < len(texts[0]) <= longest:
            raise invalid(f"{name} must have 1 to {longest} characters.")
        return texts[0]

    schema = {"type": "string", "minLength": 1, "maxLength": longest, "pattern": "^[^\\u0000]*$"}
    return Parameter(name, parse, "", description, schema, example=example, required=True)


def flag(name: str, description: str) -> Parameter[bool]:
    """Return a boolean parameter; the default is false."""

    def parse(texts: list[str]) -> bool:
        if texts[0] not in {"true", "false"}:
            raise invalid(f"{name} must be true or false.")
        return texts[0] == "true"

    return Parameter(name, parse, False, description, {"type": "boolean", "default": False})


def choice(name: str, description: str, options: Sequence[str], absent: str | None) -> Parameter[str | None]:
    """Return a parameter with enumerated values."""

    def parse(texts: list[str]) -> str:
        if texts[0] not in options:
            raise invalid(f"{name} must be one of {', '.join(options)}.")
        return texts[0]

    schema: dict[str, Any] = {"type": "string", "enum": list(options)}
    if absent is not None:
        schema["default"] = absent
    return Parameter(name, parse, absent, description, schema)


def day(name: str, description: str, example: str) -> Parameter[date | None]:
    """Return a date parameter."""

    def parse(texts: list[str]) -> date:
        parsed = parse_date(texts[0])
        if parsed is None:
            raise invalid(f"{name} must be a date in the format YYYY-MM-DD.")
        return parsed

    return Parameter(name, parse, None, description, {"type": "string", "format": "date"}, example=example)


def identifier(name: str, description: str, example: str) -> Parameter[str | None]:
    """Return an id parameter."""

    def parse(texts: list[str]) -> str:
        if not is_id(texts[0]):
            raise invalid(f"{name} must be an id of at most {MAX_ID} characters that matches {ID_PATTERN}.")
        return texts[0]

    schema = {"type": "string", "maxLength": MAX_ID, "pattern": ID_PATTERN}
    return Parameter(name, parse, None, description, schema, example=example)


def names(
    name: str, description: str, allowed: Sequence[str], build: Callable[[str], T], example: Sequence[str]
) -> Parameter[tuple[T, ...] | None]:
    """Return a parameter with comma-separated names, converted by `build`; duplicates have no effect."""

    def parse(texts: list[str]) -> tuple[T, ...]:
        parts = tuple(dict.fromkeys(texts[0].split(",")))
        unknown = [part for part in parts if part not in allowed]
        if unknown:
            message = f"%s is not a value of {name}; allowed values: {', '.join(allowed)}."
            raise InvalidValue(*(("unknown-field", message % (shortened(part) or "An empty name")) for part in unknown))
        return tuple(build(part) for part in parts)

    schema = {"type": "array", "minItems": 1, "items": {"type": "string", "enum": list(allowed)}}
    return Parameter(
        name, parse, None, description, schema, layout={"style": "form", "explode": False}, example=list(example)
    )
