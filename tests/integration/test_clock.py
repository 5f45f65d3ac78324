"""What is decided, stored and read with a clock of this machine that is a month ahead: PostgreSQL's clock decides."""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Self

import asyncpg
import pytest

from service import clock
from service.core.world import World
from service.settings import Settings
from service.store.command_store import CommandStore
from service.store.maintenance import Swept, sweep
from service.store.offset_fence import Origin
from service.store.snapshot_store import snapshots
from tests.integration.http import seeds
from tests.integration.http.registry_client import open_registry
from tests.support import scenario
from tests.support.record import TOPICS, Log

AHEAD = timedelta(days=31)
ORIGIN = Origin("cluster", {TOPICS.commands: "commands", TOPICS.operator_commands: "operator"})
ACCOUNT = "/account/v1/producer-codes"
OWNER = seeds.organization("o", "Owner")
ALL = seeds.user("all", "All", OWNER.id, code_secured=False)


class _Ahead(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return super().now(tz) + AHEAD


def set_clock_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the clock of this machine ahead of PostgreSQL's by a month."""
    monkeypatch.setattr(clock, "datetime", _Ahead)
    assert clock.now() - datetime.now(UTC) > AHEAD - timedelta(hours=1)


async def test_a_repeated_command_is_recognized_after_a_sweep(
    settings: Settings, database: "asyncpg.Connection[asyncpg.Record]", monkeypatch: pytest.MonkeyPatch
) -> None:
    store = CommandStore(settings, TOPICS, origin=ORIGIN)
    log = Log()
    try:
        await store.apply(scenario.directory().read())
        scenario.create_group(log, "c1", "group-1")
        scenario.create_user(log, "c2", "user-1")
        log.send("c3", "user.join-group", "user-1", {"group": {"id": "group-1"}})
        log.send("c4", "user.leave-group", "user-1", {"group": {"id": "group-1"}})
        assert (await store.apply(log.read())).decided == 4

        set_clock_ahead(monkeypatch)
        swept = await sweep(settings, rest_seconds=0)

        log.send("c3", "user.join-group", "user-1", {"group": {"id": "group-1"}})
        applied = await store.apply(log.read())
    finally:
        await store.close()
    assert isinstance(swept, Swept)
    assert swept.forgotten == 0
    assert (applied.decided, applied.repeated) == (0, 1)
    assert await database.fetchval("SELECT group_ids FROM registry_user") == []


async def test_decisions_and_snapshots_have_the_time_of_the_database(
    settings: Settings, database: "asyncpg.Connection[asyncpg.Record]", monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock_ahead(monkeypatch)
    store = CommandStore(settings, TOPICS, origin=ORIGIN)
    before = await database.fetchval("SELECT clock_timestamp()")
    try:
        applied = await store.apply(scenario.directory().read())
    finally:
        await store.close()
    assert [pages async for pages in snapshots(settings, "role", None, "run")] == [2]
    after = await database.fetchval("SELECT clock_timestamp()")

    times = [dict(message.extra)["ce_time"] or b"" for message in applied.messages]
    assert {before < datetime.fromisoformat(time.decode()) < after for time in times} == {True}
    decided = "SELECT bool_and(decided_at BETWEEN $1 AND $2) FROM inbox"
    assert await database.fetchval(decided, before, after)


@pytest.mark.parametrize("more", ["", "&sort=-code"], ids=["cached page", "sorted page"])
async def test_today_is_the_date_of_the_database(
    database_url: str, database: "asyncpg.Connection[asyncpg.Record]", monkeypatch: pytest.MonkeyPatch, more: str
) -> None:
    set_clock_ahead(monkeypatch)
    today = await database.fetchval("SELECT (now() AT TIME ZONE 'UTC')::date")
    codes = {
        "usable": {"appointment_date": today.isoformat()},
        "not-yet": {"appointment_date": (today + timedelta(days=2)).isoformat()},
        "until-soon": {"termination_date": (today + timedelta(days=2)).isoformat()},
    }
    world = World(
        organizations=seeds.by_id(OWNER),
        roles={seeds.PRODUCER: seeds.WORLD.roles[seeds.PRODUCER]},
        users=seeds.by_id(ALL),
        codes=seeds.by_id(*(seeds.code(f"id-{name}", name, OWNER.id, **dates) for name, dates in codes.items())),
    )
    # Tokens expire by the clock of this machine.
    expires = clock.now().timestamp() + 600
    async with open_registry(database_url) as registry:
        await registry.save(world)
        for use in ("submission", "renewal"):
            shown = await registry.codes(f"{ACCOUNT}?use={use}{more}", sub=ALL.id, exp=expires)
            assert sorted(shown) == ["until-soon", "usable"], use
