"""A database in which nothing is in order by chance: rows lie shuffled, and no index is read in its own order."""

from typing import Any

_TABLES = (
    "branch", "group_producer_code", "organization", "outbox_held", "producer_code", "product", "registry_group",
    "registry_user", "role", "user_producer_code",
)  # fmt: skip
_SHUFFLE = """
    WITH gone AS (DELETE FROM {table} RETURNING *)
    INSERT INTO {table} SELECT * FROM gone ORDER BY md5(gone::text)
"""
_WITHOUT_INDEX = """
    DO $$
    BEGIN
        EXECUTE format('ALTER DATABASE %I SET enable_{kind} = off', current_database());
    END $$
"""


async def shuffle(database: Any) -> None:
    """Write the rows of every table in another order; sessions that begin later read tables as they lie."""
    for table in _TABLES:
        await database.execute(_SHUFFLE.format(table=table))
    for kind in ("indexscan", "indexonlyscan", "bitmapscan"):
        await database.execute(_WITHOUT_INDEX.format(kind=kind))
