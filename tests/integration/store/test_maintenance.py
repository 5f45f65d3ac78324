"""A sweep removes old ids only, runs in one process only, and does not block batches."""

import asyncio
from datetime import datetime, timedelta

import asyncpg
import orjson
import pytest

from service.settings import Settings
from service.store import maintenance
from service.store.command_id import packed_id
from service.store.command_store import CommandStore
from service.store.maintenance import Swept, sweep
from service.store.statement import statement
from tests.integration.store.conftest import ORIGIN
from tests.support import scenario
from tests.support.record import TOPICS, Log

_FILL = """
    INSERT INTO inbox
    SELECT now() - n * interval '1 hour' + interval '1 minute', 1, convert_to(n::text, 'UTF8'),
           convert_to(repeat('o', 200), 'UTF8')
    FROM generate_series(1, 2000) AS n
    RETURNING now()
"""

_FILL_MUCH = """
    INSERT INTO inbox
    SELECT now(), 1, convert_to(n::text, 'UTF8'), convert_to(repeat('o', 200), 'UTF8')
    FROM generate_series(1, 50000) AS n
"""


async def test_only_ids_beyond_the_retention_are_removed(
    settings: Settings, database: "asyncpg.Connection[asyncpg.Record]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "PAGES", 7)
    # The server must not analyze the table meanwhile: the result depends on its estimate of the rows.
    await database.execute("ALTER TABLE inbox SET (autovacuum_enabled = false)")
    filled: datetime = await database.fetchval(_FILL)

    swept = await sweep(settings, rest_seconds=0)

    assert swept is not None
    assert swept.forgotten == 2000 - 30 * 24
    oldest = await database.fetchval("SELECT min(decided_at) FROM inbox")
    assert oldest == filled - timedelta(days=30) + timedelta(minutes=1)
    assert await sweep(settings, rest_seconds=0) == Swept(0, 0)


async def test_nothing_is_done_when_another_process_is_sweeping(
    settings: Settings, database: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await database.fetchval("SELECT pg_advisory_lock(1347374914, 3)")

    assert await sweep(settings) is None


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_one_step_reads_only_its_own_pages(database: "asyncpg.Connection[asyncpg.Record]", mode: str) -> None:
    await database.execute(_FILL_MUCH)
    await database.execute("ANALYZE inbox")
    await database.execute(f"SET plan_cache_mode = {mode}")
    await database.execute(f"PREPARE step AS {statement('inbox_prune')}")

    text = await database.fetchval("EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE step('2026-01-01', 100, 200)")

    [scan] = orjson.loads(text)[0]["Plan"]["Plans"]
    read = scan["Actual Rows"] + scan["Rows Removed by Filter"]
    pages = await database.fetchval("SELECT pg_relation_size('inbox') / 8192")
    assert scan["Node Type"] == "Tid Range Scan"
    assert pages > 1000
    assert 0 < read < 2 * 100 * 50_000 / pages


async def test_a_batch_with_duplicates_does_not_wait_for_a_sweep(
    command_store: CommandStore, database: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await command_store.apply(scenario.directory().read())
    log = Log()
    scenario.create_group(log, "c1", "group-1")
    scenario.create_group(log, "c2", "group-2")
    await command_store.apply(log.read())
    age = "UPDATE inbox SET decided_at = decided_at - interval '60 days' WHERE command_id = $1"
    await database.execute(age, packed_id("c1"))
    for id_ in ("c1", "c2", "c3"):
        scenario.create_group(log, id_, f"group-{id_[1]}")

    async with database.transaction():
        month_ago = await database.fetchval("SELECT now() - interval '30 days'")
        assert await database.execute(statement("inbox_prune"), month_ago, 0, 1000) == "DELETE 1"
        async with asyncio.timeout(20):
            applied = await command_store.apply(log.read())

    assert (applied.repeated, applied.decided) == (2, 1)


async def test_a_log_delivered_again_is_skipped_by_its_marks_when_its_ids_are_forgotten(
    settings: Settings, command_store: CommandStore, database: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    directory, log = scenario.directory(), Log()
    await command_store.apply(directory.read())
    for number in range(5):
        scenario.create_group(log, f"c{number}", f"group-{number}")
    log.send("c5", "group.update", "group-0", {"type": "region", "value": "West"})
    decided = await command_store.apply(log.read())
    await database.execute("UPDATE inbox SET decided_at = decided_at - interval '31 days'")
    swept = await sweep(settings, rest_seconds=0)
    assert swept is not None
    assert await database.fetchval("SELECT count(*) FROM inbox") == 0
    state = "SELECT array_agg(version ORDER BY id), (SELECT sum(messages) FROM outbox_frame) FROM registry_group"
    before = await database.fetchrow(state)

    later = CommandStore(settings, TOPICS, origin=ORIGIN)
    try:
        applied = await later.apply(log.read(start=0))
    finally:
        await later.close()

    assert decided.decided == 6
    assert (applied.decided, applied.repeated, applied.skipped, applied.messages) == (0, 0, 6, [])
    assert await database.fetchrow(state) == before
