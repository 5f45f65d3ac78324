"""What a collection of codes can be filtered and sorted by, and the SQL that this becomes.

This is the one table of fields and operators: the grammar reads it, the OpenAPI document shows it. The SQL is put
together from the constants below alone; a caller's values only ever travel as bound parameters.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, TypeAlias

Value: TypeAlias = str | date


@dataclass(frozen=True, slots=True)
class Field:
    """A field that can be filtered: its column of the code `c`, what its values are, whether it can be sorted by."""

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
"""Not for callers: one element of a collection is its page filtered by the code's id."""

# A missing value is not equal to anything, is in no list, and neither less nor greater than anything.
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

LISTS: Final = frozenset({"in", "ni"})
"""Operators that take several values."""

TEXT_ONLY: Final = frozenset({"sw", "cn"})
"""Operators that look inside a text."""


def operators(field: Field) -> list[str]:
    """The operators that the field takes."""
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
    """The conditions on code `c` as `AND ...`, their values being parameters from number `first` on, in order.

    `id_number` is the parameter with the id of the one wanted code.
    """
    found = [] if id_number is None else [_condition(_ID, "eq", id_number)]
    found += [_condition(FIELDS[f.field], f.operator, number) for number, f in enumerate(filters, first)]
    return "".join(f"AND {condition} " for condition in found)


def value(condition: Filter) -> Value | list[Value]:
    """The condition's parameter."""
    return list(condition.values) if condition.operator in LISTS else condition.values[0]


def effective(sorts: Sequence[Sort]) -> tuple[tuple[Sort, ...], bool]:
    """The keys that count before the code's string, and whether that one descends.

    A code's string is unique and ends every order, so what a caller names after it has no effect.
    """
    keys: dict[str, Sort] = {}
    for sort in sorts:
        if sort.field == "code":
            return tuple(keys.values()), sort.descending
        keys.setdefault(sort.field, sort)
    return tuple(keys.values()), False


def order(sorts: Sequence[Sort], table: str) -> str:
    """The sort keys as columns of `table`, each followed by a comma; missing values come last."""
    return "".join(f"{table}.{FIELDS[s.field].column} {'DESC' if s.descending else 'ASC'} NULLS LAST, " for s in sorts)


def sort_columns(sorts: Sequence[Sort], table: str) -> str:
    """The columns that a merge has to sort by, each led by a comma."""
    return "".join(f", {table}.{FIELDS[s.field].column}" for s in sorts)


def _condition(field: Field, operator: str, number: int) -> str:
    value = f"${number}::{field.type}{'[]' if operator in LISTS else ''}"
    return OPERATORS[operator].format(column=f"c.{field.column}", value=value)
