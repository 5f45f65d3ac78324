"""Marks move over records that are never delivered: control records, and records of aborted transactions."""

from typing import TYPE_CHECKING, TypeAlias

import asyncpg
import pytest

from service.store.command_store import CommandStore
from service.store.errors import StoreRace
from tests.support import scenario
from tests.support.record import TOPICS, Log

if TYPE_CHECKING:
    Database: TypeAlias = asyncpg.Connection[asyncpg.Record]
else:
    Database = asyncpg.Connection

TP = (TOPICS.commands, 0)


async def mark(database: Database) -> int | None:
    found: int | None = await database.fetchval("SELECT next_offset FROM offset_mark WHERE topic = $1", TOPICS.commands)
    return found


@pytest.fixture
async def log(command_store: CommandStore) -> Log:
    """A log with one command that is decided."""
    await command_store.apply(scenario.directory().read())
    log = Log()
    scenario.create_group(log, "c0", "group-0")
    await command_store.apply(log.read())
    return log


async def test_a_batch_moves_the_mark_behind_records_that_are_never_delivered(
    command_store: CommandStore, database: Database, log: Log
) -> None:
    scenario.create_group(log, "c1", "group-1")
    applied = await command_store.apply(log.read(), {TP: 1}, {TP: 4})
    assert (applied.decided, await mark(database)) == (1, 4)


async def test_the_mark_moves_without_a_record(command_store: CommandStore, database: Database, log: Log) -> None:
    await command_store.pass_over({TP: 3}, {TP: 1})
    assert await mark(database) == 3
    scenario.create_group(log, "late", "group-late")
    assert (await command_store.apply(log.read())).skipped == 1, "a record before the mark counts as decided"
    assert await mark(database) == 3


async def test_the_mark_never_moves_back(command_store: CommandStore, database: Database, log: Log) -> None:
    await command_store.pass_over({TP: 3}, {TP: 1})
    await command_store.pass_over({TP: 2}, {TP: 1})
    assert await mark(database) == 3


async def test_a_race_is_reported_when_the_database_was_set_back(
    command_store: CommandStore, database: Database, log: Log
) -> None:
    await database.execute("UPDATE offset_mark SET next_offset = 0")
    with pytest.raises(StoreRace, match="behind"):
        await command_store.pass_over({TP: 3}, {TP: 1})
    assert await mark(database) == 0
