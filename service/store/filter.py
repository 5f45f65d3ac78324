"""Filters and sort keys of collections of codes, and the SQL that is made from them.

This is the only table of fields and operators: the grammar and the OpenAPI document are made from it. The SQL is
composed only from the constants below; values of a caller are always bound parameters.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, TypeAlias

Value: TypeAlias = str | date


@dataclass(frozen=True, slots=True)
class Field:
    """A field to filter by: its column of the code `c`, the kind of its values, and whether it can be a sort key."""

    column: str
    kind: Literal["text", "date", "status"] = "text"
    sortable: bool = False

    @property
    def type(self) -> str:
        """The PostgreSQL type of its values."""
        return "date" if self.kind == "date" else "text"


FIELDS: Final[dict[str, Field]] = {
    "code": Field("code", sortable=True),
    "description": Field("description", sortable=True),
    "producerStatus": Field("status", "status"),
    "organization": Field("organization_id"),
    "branch": Field("branch_id"),
    "appointmentDate": Field("appointment_date", "date", sortable=True),
    "terminationDate": Field("termination_date", "date"),
}

_ID: Final = Field("id")
"""Not for callers: one element of a collection is read as a page that is filtered by the code's id."""

# A missing value is not equal to any value, is in no list, and is neither less nor greater than any value.
OPERATORS: Final[dict[str, str]] = {
    "eq": "{column} = {value}",
    "ne": "{column} IS DISTINCT FROM {value}",
    "lt": "{column} < {value}",
    "gt": "{column} > {value}",
    "le": "{column} <= {value}",
    "ge": "{column} >= {value}",
    "in": "{column} = ANY({value})",
    "ni": "({column} = ANY({value})) IS NOT TRUE",
    "sw": "starts_with({column}, {value})",
    "cn": "strpos({column}, {value}) > 0",
}

# Code strings have ASCII characters only, and chr(127) is behind all of them. The range lets every plan use an index.
_CODE_STARTS_WITH: Final = "{column} >= {value} AND {column} < {value} || chr(127) AND starts_with({column}, {value})"

LISTS: Final = frozenset({"in", "ni"})
"""Operators that take several values."""

TEXT_ONLY: Final = frozenset({"sw", "cn"})
"""Operators that look inside a text."""


def operators(field: Field) -> list[str]:
    """Return the operators of the field."""
    return [name for name in OPERATORS if field.type == "text" or name not in TEXT_ONLY]


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition: a name of FIELDS, a name of OPERATORS, and the value (several for `in` and `ni`)."""

    field: str
    operator: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Sort:
    """One key to sort by: a sortable name of FIELDS."""

    field: str
    descending: bool = False


def conditions(filters: Sequence[Filter], first: int, id_number: int | None = None) -> str:
    """Return conditions on code `c`, each after ` AND `, with values as parameters from number `first` on, in order.

    `id_number` is the number of the parameter with the id of the one requested code.
    """
    parts = [] if id_number is None else [_condition(_ID, "eq", id_number)]
    parts += [_condition(FIELDS[f.field], f.operator, number) for number, f in enumerate(filters, first)]
    return "".join(f" AND {condition}" for condition in parts)


def value(condition: Filter) -> Value | list[Value]:
    """Return the parameter of the condition."""
    return list(condition.values) if condition.operator in LISTS else condition.values[0]


def effective(sorts: Sequence[Sort]) -> tuple[tuple[Sort, ...], bool]:
    """Return the sort keys before the code string, and whether the code string is in descending order.

    A code string is unique and is the last key of every order: keys after it have no effect.
    """
    keys: dict[str, Sort] = {}
    for sort in sorts:
        if sort.field == "code":
            return tuple(keys.values()), sort.descending
        keys.setdefault(sort.field, sort)
    return tuple(keys.values()), False


def order(sorts: Sequence[Sort], table: str) -> str:
    """Return the sort keys as columns of `table`, each followed by a comma; missing values come last."""
    return "".join(f"{table}.{FIELDS[s.field].column} {'DESC' if s.descending else 'ASC'} NULLS LAST, " for s in sorts)


def sort_columns(sorts: Sequence[Sort], table: str) -> str:
    """Return the columns of the sort keys as columns of `table`, each after a comma."""
    return "".join(f", {table}.{FIELDS[s.field].column}" for s in sorts)


def _condition(field: Field, operator: str, number: int) -> str:
    value = f"${number}::{field.type}{'[]' if operator in LISTS else ''}"
    text = _CODE_STARTS_WITH if (field.column, operator) == ("code", "sw") else OPERATORS[operator]
    return text.format(column=f"c.{field.column}", value=value)
