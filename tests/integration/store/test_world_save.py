"""Every field is saved and loaded. A row that another writer changed since it was loaded is not overwritten."""

from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from service.contract.aggregate import STATES
from service.contract.attribute import TEXTS
from service.core.needs import Needs
from service.core.world import World
from service.store.errors import StoreRace
from service.store.state_statement import GROUP, PRODUCER_CODE, USER, Table
from service.store.world_load import load_world
from service.store.world_save import save_world
from tests.integration.http import seeds

BEFORE = seeds.WORLD
CODE, USER_STATE, GROUP_STATE = BEFORE.codes["pc:6"], BEFORE.users[seeds.ANN], BEFORE.groups["west"]
CHANGES = {
    "producer_code": replace(BEFORE, codes={**BEFORE.codes, CODE.id: replace(CODE, description="Mine", version=2)}),
    "registry_user": replace(
        BEFORE, users={**BEFORE.users, USER_STATE.id: replace(USER_STATE, name="Mine", version=4)}
    ),
    "registry_group": replace(
        BEFORE, groups={**BEFORE.groups, GROUP_STATE.id: replace(GROUP_STATE, value="Mine", version=2)}
    ),
}


@pytest.mark.parametrize("table", CHANGES)
async def test_a_race_is_named_when_the_row_has_another_version_than_it_was_loaded_with(
    database: "asyncpg.Connection[asyncpg.Record]", table: str
) -> None:
    await save_world(database, World(), BEFORE)
    await save_world(database, BEFORE, CHANGES[table])
    mine = await database.fetch(f"SELECT * FROM {table} ORDER BY id")  # noqa: S608  # a name of ours

    with pytest.raises(StoreRace, match="a row was changed after it was loaded"):
        await save_world(database, BEFORE, CHANGES[table])

    assert await database.fetch(f"SELECT * FROM {table} ORDER BY id") == mine  # noqa: S608  # a name of ours


TABLES: dict[str, tuple[Table, Any]] = {
    "codes": (PRODUCER_CODE, CODE),
    "users": (USER, USER_STATE),
    "groups": (GROUP, GROUP_STATE),
}
"""For each field of World its table, and a state."""


def other(table: Table, state: Any, name: str) -> Any:
    """Return another value of a field: one that no other field has, as far as its type allows."""
    number = list(table.columns()).index(name) + 10
    values = {"text": f"other {name}", "text[]": ("x", name), "integer": number, "jsonb": "Elsewhere"}
    values |= {"date": f"2031-02-{number}", "boolean": not getattr(state, name)}
    return "Limited" if name == "status" else values[table.columns()[name]]


def with_states(kind: str, *states: Any) -> World:
    """Return the world with only these states of a kind."""
    changes: dict[str, Any] = {kind: {state.id: state for state in states}}
    return replace(BEFORE, **changes)


async def loaded(database: "asyncpg.Connection[asyncpg.Record]", kind: str, id_: str) -> Any:
    """Return the states with this id."""
    needs: dict[str, Any] = {kind: {id_}}
    return getattr((await load_world(database, Needs(**needs))).world, kind)


@pytest.mark.parametrize("kind", TABLES)
async def test_every_field_is_saved_and_loaded(database: "asyncpg.Connection[asyncpg.Record]", kind: str) -> None:
    table, state = TABLES[kind]
    await save_world(database, World(), BEFORE)

    for name in table.changing().keys() - table.computed.keys():
        changed = replace(state, **{name: other(table, state, name)}, version=state.version + 1)
        await save_world(database, with_states(kind, state), with_states(kind, changed))
        assert await loaded(database, kind, state.id) == {state.id: changed}
        state = changed

    unique = {"codes": {"code": "NEW"}, "users": {"username": "new"}}
    new = replace(state, id="new", **unique.get(kind, {}))
    await save_world(database, with_states(kind), with_states(kind, new))
    assert await loaded(database, kind, "new") == {"new": new}


@pytest.mark.parametrize("kind", TABLES)
def test_lists_of_texts_are_not_joined_by_commas(kind: str) -> None:
    assert not [a.name for a in STATES[TABLES[kind][0].state].attributes if a.kind is TEXTS], "only ids have no commas"
