"""Connections to PostgreSQL, with a time-out for every wait."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

import asyncpg

from service.settings import Settings
from service.store.errors import StoreUnavailable, connecting, translated_in
from service.store.login import log_in, log_in_to
from service.store.session import Connection, pinned, prepare, require_own_session, transaction

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Session: TypeAlias = Connection | PoolConnectionProxy[asyncpg.Record]
    _Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
else:
    _Pool = asyncpg.Pool

__all__ = ["BY_KEY", "Connection", "Pool", "connect", "create_pool", "fetch", "transaction"]

BY_KEY = {"enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off"}
"""Planner settings for sessions that read rows by lists of keys: always by index, which is right at any table size.

A plan that was made while a table was nearly empty would otherwise read the whole table with every batch, until the
server analyzes the table again.
"""

# Near the cost of a cached page, so that pages of a list are read in the order of an index and not sorted.
_IN_ORDER = {"random_page_cost": "1.1"}


async def connect(
    settings: Settings,
    application: str,
    planning: Mapping[str, str] = MappingProxyType({}),
    host: tuple[str, int | None] | None = None,
) -> Connection:
    """Open one connection outside of any pool; `application` is the name that operators see in pg_stat_activity.

    `planning` are settings of PostgreSQL's planner. With a host, only this one is tried, and only as a primary.
    Raises StoreUnavailable when the database does not answer, StoreUnsuitable, and no other error.
    """
    with connecting(settings.database_url):
        pins = pinned(settings.database_command_timeout_seconds)
        login = partial(log_in, settings, application)
        if host is not None:
            login = partial(log_in_to, host, settings, application, target="primary")
        return await _open(settings, login, {**pins, **planning})


class _Reader(Connection):
    """A connection for single read statements: it has no state to reset when it is released."""

    def get_reset_query(self) -> str:
        """Return no query, which saves a round trip for every read, and keeps the settings of the session."""
        return ""


class Pool:
    """A pool for readers; its connections are opened when they are first needed.

    `sessions` is the number of sessions that were opened so far.
    """

    def __init__(self, settings: Settings, application: str) -> None:
        self._settings = settings
        self._application = application
        # A statement whose request has timed out must not go on.
        seconds = min(settings.database_command_timeout_seconds, settings.request_timeout_seconds)
        self._pins = {**pinned(seconds, reads_only=True), **_IN_ORDER}
        self.sessions = 0
        self.connections: _Pool = asyncpg.create_pool(
            min_size=0, max_size=settings.database_pool_size, connection_class=_Reader, connect=self._connect
        )

    async def _connect(self, *_: object, **__: object) -> Connection:
        login = partial(log_in, self._settings, self._application, _Reader)
        connection = await _open(self._settings, login, self._pins)
        self.sessions += 1
        return connection


async def create_pool(settings: Settings, application: str) -> Pool:
    """Create a pool for readers."""
    pool = Pool(settings, application)
    _ = await pool.connections
    return pool


@dataclass(frozen=True, slots=True)
class Read:
    """A query of a reader with its values."""

    pool: Pool
    query: str
    values: tuple[object, ...]

    async def repeat(self) -> None:
        """Send the query again; raise the store's errors."""
        await fetch(self.pool, self.query, *self.values)


async def fetch(pool: Pool, query: str, *values: object) -> list[asyncpg.Record]:
    """Return the rows of a query on a reader's connection; raise the store's errors.

    When the request is cancelled, the connection is closed. The pool would wait until the server confirms the end of
    the statement. A server that does not answer never does, and the connection would be occupied until the time-out.
    """
    try:
        with connecting():
            connection = await pool.connections.acquire()
        try:
            async with translated_in(connection):
                return await connection.fetch(query, *values)
        except asyncio.CancelledError:
            connection.terminate()
            raise
        finally:
            with connecting():
                await pool.connections.release(connection)
    except StoreUnavailable as error:
        error.read = Read(pool, query, values)
        raise


async def _open(settings: Settings, login: Callable[[], Awaitable[Connection]], pins: Mapping[str, str]) -> Connection:
    """Open a session that has these settings."""
    connection = await login()
    try:
        await require_own_session(settings.database_url, connection, login)
        await prepare(connection, pins)
    except BaseException:
        connection.terminate()
        raise
    return connection
