"""How many pages of a table and its indexes statements touch, by the server's own counters."""

from collections.abc import Awaitable, Callable
from typing import Any

_FLUSH = "SELECT pg_stat_force_next_flush()"
_PAGES = """
    SELECT relname, heap_blks_read + heap_blks_hit + COALESCE(idx_blks_read + idx_blks_hit, 0)
                    + COALESCE(toast_blks_read + toast_blks_hit + tidx_blks_read + tidx_blks_hit, 0) AS pages
    FROM pg_statio_user_tables
"""


async def pages_touched(
    session: Any, database: Any, work: Callable[[], Awaitable[object]], *, tables: tuple[str, ...] = ()
) -> dict[str, int]:
    """Do `work`, which uses the session, and answer how many pages it touched of each table, at least of `tables`.

    `database` is another session. Every other session has to be idle since its counters were told.
    """
    before = await _reported(session, database)
    await work()
    after = await _reported(session, database)
    touched = {table: after[table] - before[table] for table in after if after[table] > before[table]}
    return {**dict.fromkeys(tables, 0), **touched}


async def _reported(session: Any, database: Any) -> dict[str, int]:
    # A session tells its counters before it answers the statement.
    for one in (session, database):
        await one.execute(_FLUSH)
    return {row["relname"]: row["pages"] for row in await database.fetch(_PAGES)}
