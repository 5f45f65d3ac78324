"""The metrics of a sweep, which alerts use."""

import asyncpg
import httpx
import pytest

from consumers.health import Health
from service import clock
from service.cli.housekeeping import housekeep
from service.http.admin import create_admin
from service.settings import Settings

_FILL = """
    INSERT INTO inbox
    SELECT now() - n * interval '1 day', 1, convert_to(n::text, 'UTF8'), '' FROM generate_series(1, 50) AS n
"""


class _Enough(Exception):
    pass


async def test_a_sweep_sets_the_metrics_of_remembered_ids_and_of_its_time(
    settings: Settings, database: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await database.execute(_FILL)
    await database.execute("ANALYZE inbox")
    waits = iter([None])

    async def sleep(_seconds: float) -> None:
        if next(waits, _Enough) is _Enough:
            raise _Enough

    began = clock.now().timestamp()
    with pytest.raises(_Enough):
        await housekeep(settings, sleep=sleep)

    transport = httpx.ASGITransport(create_admin(Health([])))
    async with httpx.AsyncClient(transport=transport, base_url="http://admin") as client:
        reported = dict(
            line.rsplit(" ", 1) for line in (await client.get("/metrics")).text.splitlines() if line[0] != "#"
        )
    assert await database.fetchval("SELECT count(*) FROM inbox") == 29
    assert float(reported["producer_registry_inbox_rows"]) == 29
    assert float(reported["producer_registry_inbox_swept_timestamp_seconds"]) >= began
