"""How many rows of tables each statement of a session reads, by the server's own counters."""

from collections import defaultdict
from typing import Any

_ROWS = """
    SELECT relname, COALESCE(seq_tup_read, 0) + COALESCE(idx_tup_fetch, 0) AS rows
    FROM pg_stat_xact_user_tables
"""


class Reading:
    """A session that counts the rows that its statements read; it stands in for asyncpg's connection.

    Counters of a transaction are seen within it only, so the statement that ends it is not counted.
    """

    def __init__(self, session: Any) -> None:
        self.session = session
        self.rows: dict[str, dict[str, int]] = defaultdict(dict)
        """By statement, the rows that it read of each table, all its calls together."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.session, name)

    async def fetch(self, query: str, *values: object) -> Any:
        """Do what the session does, and count."""
        return await self._counted(self.session.fetch, query, *values)

    async def execute(self, query: str, *values: object) -> Any:
        """Do what the session does, and count."""
        return await self._counted(self.session.execute, query, *values)

    async def _counted(self, call: Any, query: str, *values: object) -> Any:
        before = await self._read()
        answer = await call(query, *values)
        after = await self._read() if self.session.is_in_transaction() else before
        found = self.rows[query]
        for table in after:
            if after[table] > before.get(table, 0):
                found[table] = found.get(table, 0) + after[table] - before.get(table, 0)
        return answer

    async def _read(self) -> dict[str, int]:
        if not self.session.is_in_transaction():
            return {}
        return {row["relname"]: row["rows"] for row in await self.session.fetch(_ROWS)}
