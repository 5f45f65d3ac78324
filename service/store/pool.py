"""Connections to PostgreSQL, with a time-out for every wait."""

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
"""Planner settings for sessions that read rows by lists of keys: always by index, which is right at any table size.

A plan that was made while a table was nearly empty would otherwise read the whole table with every batch, until the
server analyzes the table again.
"""


async def connect(
    settings: Settings, application: str, planning: Mapping[str, str] = MappingProxyType({})
) -> Connection:
    """Open one connection outside of any pool; `application` is the name that operators see in pg_stat_activity.

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
    """A connection for single read statements: it has no state to reset when it is released."""

    def get_reset_query(self) -> str:
        """Return no query, which saves a round trip for every read."""
        return ""


async def create_pool(settings: Settings, application: str) -> Pool:
    """Create a pool for readers; its connections are opened when they are first needed."""
    return await asyncpg.create_pool(
        settings.database_url,
        min_size=0,
        max_size=settings.database_pool_size,
        connection_class=_Reader,
        timeout=CONNECT_SECONDS,
        command_timeout=settings.database_command_timeout_seconds,
        # Near the cost of a cached page, so that pages of a list are read in the order of an index and not sorted.
        server_settings={**_server_settings(settings, application), "random_page_cost": "1.1"},
    )


async def fetch(pool: Pool, query: str, *values: object) -> list[asyncpg.Record]:
    """Return the rows of a query on a reader's connection; raise the store's errors.

    When the request is cancelled, the connection is closed. The pool would wait until the server confirms the end of
    the statement. A server that does not answer never does, and the connection would be occupied until the time-out.
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
        # The locks of a peer that vanished without closing its connection are released within seconds.
        "tcp_user_timeout": str(min(milliseconds, 15_000)),
        "tcp_keepalives_idle": "5",
        "tcp_keepalives_interval": "2",
        "tcp_keepalives_count": "3",
    }
