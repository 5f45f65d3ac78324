"""A streaming standby of an embedded PostgreSQL server: created, cut off from its primary, promoted."""

import asyncio
from collections.abc import Mapping

import asyncpg

from service.stack.postgres import Postgres, _run
from tests.support.wait import eventually


async def standby_of(primary: Postgres, settings: Mapping[str, str] | None = None) -> Postgres:
    """Start a standby that follows this server, with a base backup of it; the caller stops it."""
    standby = Postgres(settings=settings)
    copied = ("-D", str(standby.folder.resolve() / "data"), "-d", primary.address)
    options = ("--write-recovery-conf", "--checkpoint=fast", "--no-sync")
    streams = "SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'"
    try:
        await asyncio.to_thread(_run, "pg_basebackup", *copied, *options)
        (standby.folder / "password").write_text((primary.folder / "password").read_text())
        await standby.start()
        await eventually(lambda: _fetch(standby, streams), what="a standby that streams")
    except BaseException:
        await standby.stop()
        raise
    return standby


async def caught_up(standby: Postgres, primary: Postgres) -> None:
    """Wait until a standby has replayed everything that its primary has written so far."""
    lsn = await _fetch(primary, "SELECT pg_current_wal_lsn()::text")
    query = f"SELECT pg_last_wal_replay_lsn() >= '{lsn}'::pg_lsn"  # from the server
    await eventually(lambda: _fetch(standby, query), what="a standby that has caught up")


async def cut_off(standby: Postgres) -> None:
    """Stop the replication: later transactions of the primary never reach this standby."""
    await _fetch(standby, "ALTER SYSTEM SET primary_conninfo = ''")
    await _fetch(standby, "SELECT pg_reload_conf()")
    query = "SELECT count(*) = 0 FROM pg_stat_wal_receiver"
    await eventually(lambda: _fetch(standby, query), what="a standby without a primary")


async def promote(standby: Postgres) -> None:
    """Promote a standby, and return when it accepts transactions that write."""
    await _fetch(standby, "SELECT pg_promote()")


async def _fetch(server: Postgres, statement: str) -> object:
    connection = await asyncpg.connect(server.address)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()
