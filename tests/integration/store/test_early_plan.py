"""A session keeps its plans, and what was planned while the tables were empty is right when they are large."""

from collections.abc import Mapping
from pathlib import Path
from unittest.mock import AsyncMock

import asyncpg
import pytest

from service.settings import Settings
from service.store import command_store
from service.store.command_id import packed_id
from service.store.command_states import SentCommand, read_states
from service.store.command_store import CommandStore
from service.store.pool import BY_KEY, connect
from service.store.state_statement import STATEMENTS
from tests.integration.store.conftest import ALL, ORIGIN
from tests.support import scenario
from tests.support.reading import Reading
from tests.support.record import TOPICS, Log
from tests.support.touched import pages_touched

SENDERS = "INSERT INTO inbox_sender (source, topic) SELECT '/http/user-' || n, $1 FROM generate_series(0, 999) AS n"
DECIDED = """
    INSERT INTO inbox (decided_at, sender, command_id, outcome)
    SELECT now(), s.id, $2, '\\x0201000000010078'::bytea
    FROM inbox_sender AS s WHERE s.source = $1
"""
MORE = """
    INSERT INTO inbox (decided_at, sender, command_id, outcome)
    SELECT now(), s.id, '\\x00'::bytea || convert_to('old-' || n, 'UTF8'), ''
    FROM generate_series(0, 39) AS n CROSS JOIN inbox_sender AS s
"""
WAITING = """
    INSERT INTO waiting_command (kind, subject, received_at, deadline, source, command_id, topic, partition,
        record_offset, value, header_names, header_values)
    SELECT 'group', 'waiting:' || n, now(), now() + interval '1 hour', '/waiting', 'w' || n, $1, 0, n, '{}', '{}', '{}'
    FROM generate_series(0, 19999) AS n
"""
MARKS = """
    INSERT INTO offset_mark (cluster_id, topic, topic_id, partition, next_offset)
    SELECT 'cluster', $1, 'commands', n, 100 FROM generate_series(0, 999) AS n
"""
COUNT = 20
PAGES = 20
"""Pages of a table and its indexes that a command may touch, in both topics."""


POPULATION = (Path(__file__).parent / "population.sql").read_text().replace("ANALYZE;", "")

# Statistics may say that the tables are empty. Without any, PostgreSQL assumes some pages.
prepared = pytest.mark.parametrize("prepare", ["SELECT", "VACUUM ANALYZE"], ids=["new", "analyzed"])


@prepared
@pytest.mark.parametrize("mode", ["auto", "force_generic_plan"])
async def test_states_of_commands_are_read_by_key(
    settings: Settings, database: "asyncpg.Connection[asyncpg.Record]", mode: str, prepare: str
) -> None:
    decided = [SentCommand(f"/http/user-{n}", f"c-{n}", n, 7) for n in range(COUNT)]
    unknown = [SentCommand(f"/http/user-{n}", f"unknown-{n}", n, 200) for n in range(COUNT)]
    waiting = [SentCommand("/waiting", f"w{n}", n, 7) for n in range(COUNT)]
    sent = [*decided, *unknown, *waiting]
    await database.execute(prepare)
    session = await connect(settings, "outcomes", BY_KEY)
    await session.execute(f"SET plan_cache_mode = {mode}")
    # PostgreSQL may choose a plan for any values after five executions.
    for _ in range(8):
        assert {state.status for state in await read_states(session, sent, TOPICS, ORIGIN)} == {None}

    for statement in (SENDERS, WAITING, MARKS):
        await database.execute(statement, TOPICS.commands)
    await database.execute(MORE)
    for one in decided:
        await database.execute(DECIDED, one.source, packed_id(one.id))
    found: list[tuple[str | None, bool, bool]] = []

    async def read() -> None:
        states = await read_states(session, sent, TOPICS, ORIGIN)
        found.extend((state.status, state.passed, state.waits) for state in states)

    pages = await pages_touched(session, database, read)

    expected = [("unchanged", True, False), (None, False, False), (None, False, True)]
    assert found == [state for state in expected for _ in range(COUNT)]
    assert {table: number for table, number in pages.items() if number > PAGES * len(sent)} == {}
    await session.close()


def associations() -> Log:
    """Commands that load one association each, of users and groups that hold two codes each."""
    log = Log()
    for n in range(COUNT):
        code = {"producerCode": {"id": f"code:{n}"}}
        log.send(f"u{n}", "user.remove-producer-code", f"user:{n}", code)
        log.send(f"g{n}", "group.remove-producer-code", f"group:{n}", code)
    return log


@prepared
async def test_associations_of_a_batch_are_read_by_key(
    settings: Settings,
    database: "asyncpg.Connection[asyncpg.Record]",
    prepare: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await database.execute(prepare)
    reading = Reading(await connect(settings, "writer", BY_KEY))
    monkeypatch.setattr(command_store, "connect_writer", AsyncMock(return_value=reading))
    store = CommandStore(settings, TOPICS, origin=ORIGIN, held=lambda: ALL)
    log = Log()
    for n in range(8):
        log.send(f"first-{n}", "user.remove-producer-code", "nobody", {"producerCode": {"id": "none"}})
        await store.apply(log.read())
    await database.execute("TRUNCATE inbox, inbox_sender, offset_mark")
    await database.execute(POPULATION)

    reading.rows.clear()
    store = CommandStore(settings, TOPICS, origin=ORIGIN, held=lambda: ALL)
    await store.apply(associations().read())

    rows: Mapping[str, int] = reading.rows[STATEMENTS["unlocked_load"]]
    for table in ("user_producer_code", "group_producer_code"):
        # All that a user or group holds, if the plan uses that index.
        assert 0 < rows[table] <= 2 * COUNT
    await store.close()


PLANS = "SELECT statement, custom_plans FROM pg_prepared_statements WHERE generic_plans + custom_plans >= 10"
CUSTOM = 5
"""So many times PostgreSQL plans a statement for its values, before it compares that with a plan for any values."""


@pytest.mark.parametrize("size", [1, COUNT])
async def test_statements_of_small_batches_are_not_planned_each_time(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    session = await connect(settings, "writer", BY_KEY)
    monkeypatch.setattr(command_store, "connect_writer", AsyncMock(return_value=session))
    store = CommandStore(settings, TOPICS, origin=ORIGIN, held=lambda: ALL)
    await store.apply(scenario.directory().read())
    log = Log()
    for number in range(12 * size):
        scenario.create_code(log, f"c{number}", "pc:16", f"301-{number}")
        if (number + 1) % size == 0:
            assert (await store.apply(log.read())).decided == size

    often = {row["statement"] for row in await session.fetch(PLANS) if row["custom_plans"] > CUSTOM}
    assert often <= {STATEMENTS["producer_code_load"]}, "the one that reads its rows by a list in a condition"
    await store.close()
