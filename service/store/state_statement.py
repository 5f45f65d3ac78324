"""The statements that load and save states, composed from the files of sql: columns are the fields of the states."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, get_type_hints

from service.contract.aggregate import STATES
from service.contract.attribute import DATE
from service.core.group import Address, Group
from service.core.organization import Organization
from service.core.producer_code import ProducerCode
from service.core.reference import Branch, Product, Role
from service.core.user import User
from service.store.statement import complete, statement

_TYPES: Final = {
    str: "text",
    str | None: "text",
    bool: "boolean",
    int: "integer",
    tuple[str, ...]: "text[]",
    Address | str: "jsonb",
}


@dataclass(frozen=True, slots=True)
class Table:
    """The table of the states of a type; `computed` are columns that are not fields, with their types."""

    name: str
    state: type
    computed: dict[str, str] = field(default_factory=dict)

    def fields(self) -> dict[str, str]:
        """Return the columns that are fields, in the order of the fields, with their types."""
        dates = {a.field: "date" for a in STATES[self.state].attributes if a.kind is DATE}
        return {name: _TYPES[hint] for name, hint in get_type_hints(self.state).items()} | dates

    def columns(self) -> dict[str, str]:
        """Return all columns with their types."""
        return self.fields() | self.computed

    def changing(self) -> dict[str, str]:
        """Return the columns that an update may change, with their types; the version is not among them."""
        kept = {"id", "version", *(a.field for a in STATES[self.state].attributes if a.fixed)}
        return {name: type_ for name, type_ in self.columns().items() if name not in kept}


GROUP: Final = Table("registry_group", Group)
USER: Final = Table("registry_user", User)
PRODUCER_CODE: Final = Table("producer_code", ProducerCode, {"usable": "smallint"})
ORGANIZATION: Final = Table("organization", Organization)
BRANCH: Final = Table("branch", Branch)
ROLE: Final = Table("role", Role)
PRODUCT: Final = Table("product", Product)

_DIRECTORY: Final = (ORGANIZATION, BRANCH, ROLE, PRODUCT)


def _load(name: str, table: Table) -> str:
    """Return the statement of `sql/<name>.sql`, which returns the fields of states in their order, dates as text."""
    columns = [f"{n}::text AS {n}" if type_ == "date" else n for n, type_ in table.fields().items()]
    return complete(statement(name), columns=_list(columns))


def _unlocked() -> str:
    """Return the statement that loads the directory; the columns of each state are the fields, in their order."""
    return complete(statement("unlocked_load"), **{table.name: _list(table.fields()) for table in _DIRECTORY})


def _put(table: Table) -> str:
    return complete(
        statement("directory_save"),
        table=table.name,
        columns=_list(table.columns()),
        types=_list(f"{name} {type_}" for name, type_ in table.columns().items()),
        assignments=_list(f"{name} = EXCLUDED.{name}" for name in table.columns() if name != "id"),
    )


def _save(table: Table) -> str:
    changing = table.changing()
    return complete(
        statement("state_save"),
        table=table.name,
        assignments=_list(f"{name} = {_value(name, type_)}" for name, type_ in changing.items()),
        parameters=_list(f"${n}::{_sent(type_)}[]" for n, type_ in enumerate(changing.values(), 4)),
        names=_list(changing),
    )


def _value(name: str, type_: str) -> str:
    return {"text[]": f"string_to_array(n.{name}, ',')", "jsonb": f"n.{name}::jsonb"}.get(type_, f"n.{name}")


def _sent(type_: str) -> str:
    return "text" if type_ in ("text[]", "jsonb") else type_


def _list(parts: Iterable[str]) -> str:
    return ",\n".join(parts)


STATEMENTS: Final = {
    "group_load": _load("group_load", GROUP),
    "user_load": _load("user_load", USER),
    "producer_code_load": _load("producer_code_load", PRODUCER_CODE),
    "group_save": _save(GROUP),
    "user_save": _save(USER),
    "producer_code_save": _save(PRODUCER_CODE),
    "unlocked_load": _unlocked(),
    **{f"{table.name}_save": _put(table) for table in _DIRECTORY},
}
"""The complete statements by name; tests/unit/store/golden has their texts."""
