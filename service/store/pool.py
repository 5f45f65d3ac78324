"""Connections to PostgreSQL with a limit on every wait."""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

import asyncpg

from service.settings import Settings
from service.store.errors import translated

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
else:
    Connection = asyncpg.Connection
    Pool = asyncpg.Pool

CONNECT_SECONDS = 5.0

BY_KEY = {"enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off"}
"""Planning for who asks for the rows of a list of keys: by index, which is right at any size. A plan made while a table
was new reads all of it with every batch, until the server happens to look at its size again.
"""


async def connect(
    settings: Settings, application: str, planning: Mapping[str, str] = MappingProxyType({})
) -> Connection:
    """Open one connection of its own; `application` is the name that operators see in pg_stat_activity.

    `planning` are settings of PostgreSQL's planner. Raises StoreUnavailable when the database does not answer.
    """
    with translated():
        return await asyncpg.connect(
            settings.database_url,
            timeout=CONNECT_SECONDS,
            command_timeout=settings.database_command_timeout_seconds,
            server_settings={**_server_settings(settings, application), **planning},
        )


class _Reader(Connection):
    """A connection that only ever reads, one statement at a time: it has nothing to reset when it goes back."""

    def get_reset_query(self) -> str:
        """No query, which saves every read a round trip."""
        return ""


async def create_pool(settings: Settings, application: str) -> Pool:
    """Make a pool for readers; its connections are opened when they are first needed."""
    return await asyncpg.create_pool(
        settings.database_url,
        min_size=0,
        max_size=settings.database_pool_size,
        connection_class=_Reader,
        timeout=CONNECT_SECONDS,
        command_timeout=settings.database_command_timeout_seconds,
        # Near the cost of a cached page: pages of a list are then read in the order of an index, not sorted.
        server_settings={**_server_settings(settings, application), "random_page_cost": "1.1"},
    )


async def fetch(pool: Pool, query: str, *values: object) -> list[asyncpg.Record]:
    """The rows of a query on a reader's connection; raises the store's errors.

    Who gives the question up gives the connection up with it. The pool would wait for the server to confirm the end
    of the statement, and a silent one never does: its place would be taken for as long as a statement may last.
    """
    with translated():
        async with pool.acquire() as connection:
            try:
                return await connection.fetch(query, *values)
            except asyncio.CancelledError:
                connection.terminate()
                raise


def _server_settings(settings: Settings, application: str) -> dict[str, str]:
    milliseconds = int(settings.database_command_timeout_seconds * 1000)
    return {
        "application_name": f"producer-registry {application}",
        "timezone": "UTC",
        "jit": "off",
        "statement_timeout": str(milliseconds),
        "idle_in_transaction_session_timeout": str(milliseconds),
        # A peer that vanished without a word gives its locks back within seconds.
        "tcp_user_timeout": str(min(milliseconds, 15_000)),
        "tcp_keepalives_idle": "5",
        "tcp_keepalives_interval": "2",
        "tcp_keepalives_count": "3",
    }
