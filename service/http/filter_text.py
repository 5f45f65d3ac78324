"""The grammar of `filter=field:op:value`: parser and description for the OpenAPI document.

Colons in values are doubled; `in` and `ni` take several values, separated by commas.
"""

from typing import Final

from service.contract.field import CALENDAR_DATE
from service.core.problem import shortened
from service.core.producer_status import PRODUCER_STATUSES
from service.http.parameter import InvalidValue, Parameter, invalid
from service.http.value import parse_date
from service.store.filter import FIELDS, LISTS, Field, Filter, Value, operators

MAX_FILTERS: Final = 20


def parse_filter(text: str) -> Filter:
    """Parse one condition. Raises InvalidValue with the allowed values."""
    name, _, rest = text.partition(":")
    operator, colon, quoted = rest.partition(":")
    field = FIELDS.get(name)
    if field is None:
        raise InvalidValue(
            ("unknown-field", f"{shortened(name)} is not a field of filter; allowed fields: {', '.join(FIELDS)}.")
        )
    allowed = operators(field)
    if operator not in allowed:
        message = f"{shortened(operator)} is not an operator for {name}; allowed operators: {', '.join(allowed)}."
        raise InvalidValue(("unknown-operator", message))
    if not colon:
        raise invalid("A filter must have the form field:operator:value.")
    value = _single_colons(name, quoted)
    values = value.split(",") if operator in LISTS else [value]
    return Filter(name, operator, tuple(_value(name, field, operator, part) for part in values))


def _single_colons(name: str, quoted: str) -> str:
    if ":" in quoted.replace("::", ""):
        raise invalid(f"Colons in the value for {name} must be doubled.")
    return quoted.replace("::", ":")


def _value(name: str, field: Field, operator: str, text: str) -> Value:
    if field.kind == "date":
        found = parse_date(text)
        if found is None:
            raise invalid(f"The value for {name} must be a date in the format YYYY-MM-DD.")
        return found
    if field.kind == "status" and operator in {"eq", "ne", *LISTS} and text not in PRODUCER_STATUSES:
        raise invalid(f"The value for {name} must be one of {', '.join(PRODUCER_STATUSES)}.")
    return text


def _parse(texts: list[str]) -> tuple[Filter, ...]:
    if len(texts) > MAX_FILTERS:
        raise invalid(f"filter must not occur more than {MAX_FILTERS} times.")
    found: list[Filter] = []
    errors: list[tuple[str, str]] = []
    for text in texts:
        try:
            found.append(parse_filter(text))
        except InvalidValue as wrong:
            errors += wrong.errors
    if errors:
        raise InvalidValue(*errors)
    return tuple(found)


_TEXT: Final = "(?:[^:\\u0000]|::)*"


def _pattern(field: Field) -> str:
    allowed = operators(field)
    if field.kind == "date":
        plain = "|".join(name for name in allowed if name not in LISTS)
        return f"(?:(?:{plain}):{CALENDAR_DATE}|(?:in|ni):{CALENDAR_DATE}(?:,{CALENDAR_DATE})*)"
    if field.kind == "status":
        status = f"(?:{'|'.join(PRODUCER_STATUSES)})"
        plain = "|".join(name for name in allowed if name not in {"eq", "ne", *LISTS})
        return f"(?:(?:eq|ne):{status}|(?:in|ni):{status}(?:,{status})*|(?:{plain}):{_TEXT})"
    return f"(?:{'|'.join(allowed)}):{_TEXT}"


def _description() -> str:
    rows = "\n".join(f"- `{name}`: {', '.join(operators(field))}" for name, field in FIELDS.items())
    return (
        "A condition `field:operator:value`. If the parameter occurs several times, all conditions must hold. Colons "
        "in the value must be doubled; `in` and `ni` take several values, separated by commas. Strings are compared "
        "byte by byte, organization and branch by id, producerStatus by its code. A missing value is unequal to every "
        "value.\n\n"
        f"Fields and their operators:\n\n{rows}"
    )


FILTER: Final[Parameter[tuple[Filter, ...]]] = Parameter(
    "filter",
    _parse,
    (),
    _description(),
    {
        "type": "array",
        "maxItems": MAX_FILTERS,
        "items": {
            "type": "string",
            "pattern": f"^(?:{'|'.join(f'{name}:{_pattern(field)}' for name, field in FIELDS.items())})$",
        },
    },
    repeated=True,
    layout={"style": "form", "explode": True},
    example=["producerStatus:eq:Active", "organization:in:pc::1,pc::4"],
)
"""The filter parameter of all collections of codes."""
