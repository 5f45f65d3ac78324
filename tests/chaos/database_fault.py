"""Faults of the database: restarted, cut off before and after COMMIT, silent, slow, locked, full."""

import asyncio
import contextlib
import signal
from collections.abc import Sequence
from functools import partial

import asyncpg
import psutil

from tests.chaos.fault import fault
from tests.chaos.run import STATEMENT_SECONDS, Run
from tests.support.proxy import commits
from tests.support.wait import eventually

SERVICE = "application_name LIKE 'producer-registry %'"

ENDED = (asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError, asyncpg.InterfaceError, OSError)
"""What a statement raises if another fault of the same stage ends its session."""


@fault("cut before COMMIT", 11)
async def cut_before(run: Run) -> None:
    await _cut(run, after=False)


@fault("cut after COMMIT", 11)
async def cut_after(run: Run) -> None:
    await _cut(run, after=True)


async def _cut(run: Run, *, after: bool) -> None:
    for number in range(3):
        trap = run.site.postgres_proxy.trap(commits, after=after, times=run.random.randint(1, 3))
        try:
            await asyncio.wait_for(trap.triggered.wait(), 30 if number == 0 else 10)
        except TimeoutError:
            # A few large batches may have decided the whole history: then no transaction is left to cut.
            if number == 0:
                raise
            return


@fault("all connections to the database cut", 11, 12)
async def cut_all(run: Run) -> None:
    for share in (0.2, 0.4, 0.6, 0.8):
        await run.progress(share)
        run.site.postgres_proxy.cut()


@fault("database refuses connections", 12, 32, seconds=3.0)
async def away(run: Run) -> None:
    await run.progress(0.3)
    with run.site.postgres_proxy.away():
        await asyncio.sleep(1.5)


@fault("immediate restart of the database", 12, seconds=3.0)
async def restart(run: Run) -> None:
    await run.progress(0.4)
    await run.site.postgres.child.stop(signal.SIGQUIT, seconds=10)
    await run.site.postgres.start()


@fault("a backend killed -9", 12, seconds=3.0)
async def crash(run: Run) -> None:
    await run.progress(0.4)
    async with run.site.session(run.database) as session:
        pid = await session.fetchval(f"SELECT pid FROM pg_stat_activity WHERE {SERVICE} LIMIT 1")  # noqa: S608
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(pid).kill()
    await eventually(lambda: run.site.answers(run.database), what="an answer of the database after its crash")


@fault("sessions terminated", 13)
async def terminated(run: Run) -> None:
    for share in (0.2, 0.4, 0.6, 0.8):
        await run.progress(share)
        async with run.site.session(run.database) as session:
            await session.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {SERVICE}")  # noqa: S608


@fault("rows locked beyond the statement time-out", 13, seconds=STATEMENT_SECONDS + 2)
async def locked(run: Run) -> None:
    await run.progress(0.2)
    with contextlib.suppress(*ENDED):
        async with run.site.session(run.database) as session, session.transaction():
            await session.execute("SELECT FROM registry_group FOR UPDATE")
            await asyncio.sleep(STATEMENT_SECONDS * 1.2)


@fault("deadlock", 13, seconds=4.0)
async def deadlock(run: Run) -> None:
    # The service holds the marks and waits for a group; this session holds the groups and then waits for the marks.
    await run.progress(0.2)
    with contextlib.suppress(asyncpg.DeadlockDetectedError, *ENDED):
        async with run.site.session(run.database) as session, session.transaction():
            await session.execute("SELECT FROM registry_group FOR UPDATE")
            await eventually(lambda: _waits(run), deadline=20, what="a writer that waits for a group")
            await session.execute("SELECT FROM offset_mark FOR UPDATE")


async def _waits(run: Run) -> bool:
    async with run.site.session(run.database) as session:
        query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%registry_group%'"
        return bool(await session.fetchval(query))


@fault("database silent", 14, seconds=STATEMENT_SECONDS + 3)
async def silent(run: Run) -> None:
    await run.progress(0.2)
    with run.site.postgres_proxy.silent():
        await asyncio.sleep(STATEMENT_SECONDS * 1.5)


@fault("database sends no answers", 14, seconds=STATEMENT_SECONDS + 3)
async def answers_dropped(run: Run) -> None:
    await run.progress(0.2)
    victim = run.random.choice(run.services)
    with run.site.postgres_proxy.silent(victim.pid, up=False):
        await asyncio.sleep(STATEMENT_SECONDS * 1.5)


@fault("slow network to the database", 15, seconds=4.0)
async def slow(run: Run) -> None:
    with run.site.postgres_proxy.slow(0.02):
        await run.progress(0.9)


@fault("slow writes", 15, seconds=5.0)
async def slow_writes(run: Run) -> None:
    for statement in (
        "CREATE OR REPLACE FUNCTION slow_down() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN PERFORM pg_sleep(0.3); RETURN NULL; END'",
        "CREATE OR REPLACE TRIGGER slow_down AFTER INSERT ON inbox FOR EACH STATEMENT EXECUTE FUNCTION slow_down()",
    ):
        await eventually(partial(_done, run, statement), what="a slow inbox")
    await run.progress(1.0)
    await eventually(partial(_done, run, "DROP TRIGGER IF EXISTS slow_down ON inbox"), what="a fast inbox")


@fault("backends frozen", 15, seconds=STATEMENT_SECONDS + 3)
async def frozen(run: Run) -> None:
    await run.progress(0.3)
    async with run.site.session(run.database) as session:
        rows = await session.fetch(f"SELECT pid FROM pg_stat_activity WHERE {SERVICE}")  # noqa: S608
    _signal([row["pid"] for row in rows], signal.SIGSTOP)
    await asyncio.sleep(STATEMENT_SECONDS * 1.3)
    _signal([row["pid"] for row in rows], signal.SIGCONT)


def _signal(pids: Sequence[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(pid).send_signal(number)


@fault("disk full error", 17, seconds=3.0)
async def disk_full_error(run: Run) -> None:
    await run.progress(0.3)
    await _eventually_done(
        run,
        "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN RAISE EXCEPTION USING ERRCODE = ''disk_full'', MESSAGE = ''no space left''; END';"
        "CREATE OR REPLACE TRIGGER refuse BEFORE INSERT ON outbox_frame EXECUTE FUNCTION refuse()",
    )
    await asyncio.sleep(1.5)
    await _eventually_done(run, "DROP TRIGGER IF EXISTS refuse ON outbox_frame")


@fault("read-only for a while", 12, 13, seconds=3.0)
async def read_only(run: Run) -> None:
    # As after a failover to a standby that has not been promoted: sessions pin default_transaction_read_only.
    await run.progress(0.3)
    refuse = "EXECUTE FUNCTION refuse_writes()"
    await _eventually_done(
        run,
        "CREATE OR REPLACE FUNCTION refuse_writes() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN RAISE EXCEPTION USING ERRCODE = ''read_only_sql_transaction'', MESSAGE = ''read-only''; END';"
        f"CREATE OR REPLACE TRIGGER refuse_writes BEFORE INSERT OR UPDATE OR DELETE ON inbox {refuse};"
        f"CREATE OR REPLACE TRIGGER refuse_writes BEFORE INSERT OR UPDATE OR DELETE ON outbox_frame {refuse}",
    )
    await _eventually_done(run, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {SERVICE}")  # noqa: S608
    await asyncio.sleep(1.5)
    await _eventually_done(
        run, "DROP TRIGGER IF EXISTS refuse_writes ON inbox; DROP TRIGGER IF EXISTS refuse_writes ON outbox_frame"
    )


@fault("disk full", 17, seconds=4.0, small_disk=True, alone=True)
async def full(run: Run) -> None:
    assert run.disk is not None
    await run.progress(0.3)
    run.disk.fill()

    try:
        await eventually(run.any_unready, what="a process that is not ready")
        await asyncio.sleep(1.0)
    finally:
        run.disk.free()


@fault("columns added under load", 28, seconds=4.0)
async def widened(run: Run) -> None:
    # Like a migration to the next version while this version runs; one process restarts during it.
    async with run.site.session(run.database) as session:
        tables = [row[0] for row in await session.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    for number, share in enumerate((0.3, 0.6)):
        await run.progress(share)
        for table in tables:
            column = f"later_{number}_{run.random.randrange(10**6)}"
            statement = f'ALTER TABLE "{table}" ADD COLUMN IF NOT EXISTS {column} integer NOT NULL DEFAULT 7'
            await _eventually_done(run, statement)
        if number == 0:
            service = run.random.choice(run.services)
            await run.stop(service)
            run.start(service)


async def _eventually_done(run: Run, statement: str) -> None:
    await eventually(partial(_done, run, statement), what=statement)


async def _done(run: Run, statement: str) -> bool:
    # A new session each time: another fault may end every session of the database.
    try:
        async with run.site.session(run.database) as session:
            # Longer than the second after which autovacuum is cancelled, shorter than the statement time-out.
            await session.execute("SET lock_timeout = '1500ms'")
            await session.execute(statement)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        return False
    return True
