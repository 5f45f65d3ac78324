"""Count the pages of a table and its indexes that statements touch, from the server's statistics."""

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
    """Run `work`, which uses the session, and return the number of pages touched of each table, also of `tables`.

    `database` is another session. Every other session must have been idle since it reported its statistics.
    """
    before = await _pages(session, database)
    await work()
    after = await _pages(session, database)
    touched = {table: after[table] - before[table] for table in after if after[table] > before[table]}
    return {**dict.fromkeys(tables, 0), **touched}


async def _pages(session: Any, database: Any) -> dict[str, int]:
    # A session reports its statistics before it answers the statement.
    for one in (session, database):
        await one.execute(_FLUSH)
    return {row["relname"]: row["pages"] for row in await database.fetch(_PAGES)}
