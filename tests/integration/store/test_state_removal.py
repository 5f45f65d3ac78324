"""Keys of the state topics that the registry does not have get a tombstone, behind all that batches wrote."""

import asyncio
from dataclasses import replace

import asyncpg
import pytest

from service.contract.catalogue import wire_type
from service.contract.state import KINDS
from service.core.ids import association_id
from service.settings import Settings
from service.store.command_store import CommandStore
from service.store.pool import Connection as Database
from service.store.state_removal import StateKey, state_removal
from tests.support import scenario
from tests.support.database import WAITING
from tests.support.outbox import stored_messages
from tests.support.record import TOPICS, Log
from tests.support.wait import eventually

USER_CODE = KINDS[wire_type("user.producer-code-snapshot")]
GROUP_CODE = KINDS[wire_type("group.producer-code-snapshot")]
USER = KINDS[wire_type("user.snapshot")]
ROLE = KINDS[wire_type("role.snapshot")]


def held_by_user(user: str, code: str) -> StateKey:
    return StateKey(USER_CODE, association_id("user", user, code), user, 7, code)


KNOWN = [
    StateKey(USER, "user-1", "user-1", 2),
    StateKey(ROLE, "role/producer", "producer", 1),
    held_by_user("user-1", "code-1"),
]
LOST = [
    StateKey(USER, "user-9", "user-9", 3),
    StateKey(ROLE, "role/lost", "lost", 1),
    held_by_user("user-1", "code-2"),
    held_by_user("user-9", "code-1"),
    StateKey(GROUP_CODE, association_id("group", "group-9", "code-1"), "group-9", 5, "code-1"),
]


@pytest.fixture
async def populated(command_store: CommandStore, database: Database) -> CommandStore:
    """Create two codes, and a user that holds one of them; their messages are published."""
    await command_store.apply(scenario.directory().read())
    log = Log()
    scenario.create_code(log, "c1", "code-1", "C-1")
    scenario.create_code(log, "c2", "code-2", "C-2")
    scenario.create_user(log, "u1", "user-1")
    log.send("h1", "user.add-producer-code", "user-1", {"producerCode": {"id": "code-1"}})
    await command_store.apply(log.read())
    await database.execute("DELETE FROM outbox_frame")
    return command_store


@pytest.mark.usefixtures("populated")
async def test_only_keys_that_the_registry_does_not_have_get_a_tombstone(
    settings: Settings, database: Database
) -> None:
    async with state_removal(settings) as removal:
        assert await removal.unknown([*KNOWN, *LOST]) == LOST
        assert await removal.write([*KNOWN, *LOST]) == len(LOST)
    found = await stored_messages(database)
    assert [(m.key, m.payload, m.aggregateid) for m in found] == [(one.key.encode(), None, one.subject) for one in LOST]
    assert [dict(m.headers)["ce_entityversion"] for m in found] == [b"3", b"1", b"7", b"7", b"5"]
    assert {m.topic for m in found} == {TOPICS.states[a] for a in ("user", "directory", "group")}


@pytest.mark.usefixtures("populated")
async def test_a_key_whose_id_is_not_that_of_its_association_is_removed(settings: Settings) -> None:
    strange = replace(held_by_user("user-1", "code-1"), key="another-key")
    async with state_removal(settings) as removal:
        assert await removal.unknown([strange]) == [strange]


async def test_a_tombstone_waits_for_a_batch_and_is_left_out_when_that_creates_the_object(
    populated: CommandStore, settings: Settings, database: Database, database_url: str
) -> None:
    log = Log(TOPICS.commands, 1, "/later")
    scenario.create_user(log, "u9", "user-9")
    # The batch has its position and waits before its commit.
    barrier = await asyncpg.connect(database_url)
    await barrier.execute("BEGIN; LOCK TABLE offset_mark IN EXCLUSIVE MODE")
    batch = asyncio.create_task(populated.apply(log.read()))
    await eventually(lambda: database.fetchval(WAITING))
    async with state_removal(settings) as removal:
        writing = asyncio.create_task(removal.write([LOST[0]]))
        await eventually(
            lambda: database.fetchval(
                "SELECT count(*) = 2 FROM pg_stat_activity"
                " WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
        )
        await barrier.execute("ROLLBACK")
        await batch
        assert await writing == 0
    await barrier.close()
    assert [m.payload is None for m in await stored_messages(database) if m.key == b"user-9"] == [False, False]
