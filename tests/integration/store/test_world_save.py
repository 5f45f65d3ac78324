"""A row that another writer changed since it was loaded is not overwritten."""

from dataclasses import replace

import asyncpg
import pytest

from service.core.world import World
from service.store.errors import StoreRace
from service.store.world_save import save_world
from tests.integration.http import seeds

BEFORE = seeds.WORLD
CODE, USER, GROUP = BEFORE.codes["pc:6"], BEFORE.users[seeds.ANN], BEFORE.groups["west"]
CHANGES = {
    "producer_code": replace(BEFORE, codes={**BEFORE.codes, CODE.id: replace(CODE, description="Mine", version=2)}),
    "registry_user": replace(BEFORE, users={**BEFORE.users, USER.id: replace(USER, name="Mine", version=4)}),
    "registry_group": replace(BEFORE, groups={**BEFORE.groups, GROUP.id: replace(GROUP, value="Mine", version=2)}),
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
