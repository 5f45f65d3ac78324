"""Old ids are forgotten, young ones are not, and only one process is at it."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from service.settings import Settings
from service.store import maintenance
from service.store.maintenance import Swept, sweep

NOW = datetime(2026, 11, 22, tzinfo=UTC)

_FILL = """
    INSERT INTO inbox
    SELECT '/s', n::text, 'commands', 'accepted', 'x', convert_to(repeat('o', 200), 'UTF8'),
           $1::timestamptz - n * interval '1 hour'
    FROM generate_series(1, 2000) AS n
"""


async def test_only_ids_beyond_the_retention_are_forgotten(
    settings: Settings, database: "asyncpg.Connection[asyncpg.Record]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "PAGES", 7)
    await database.execute(_FILL, NOW)

    swept = await sweep(settings, now=lambda: NOW, rest_seconds=0)

    assert swept is not None
    assert swept.forgotten == 2000 - 30 * 24
    assert await database.fetchval("SELECT min(decided_at) FROM inbox") == NOW - timedelta(days=30)
    assert await sweep(settings, now=lambda: NOW, rest_seconds=0) == Swept(0, 0)


async def test_nothing_is_done_when_another_process_is_at_it(
    settings: Settings, database: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await database.fetchval("SELECT pg_advisory_lock(1347374914, 3)")

    assert await sweep(settings) is None
