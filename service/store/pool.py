"""Connections to PostgreSQL, with a time-out for every wait."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

import asyncpg

from service.settings import Settings
from service.store.errors import StoreUnavailable, connecting, translated_in
from service.store.login import log_in, log_in_to
from service.store.session import Connection, pinned, prepare, require_own_session, transaction
from service.telemetry import DATABASE_CONNECTIONS

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

CANCEL_SECONDS: Final = 2.0
"""How long the connection of a cancelled read waits until the server confirms the end of the statement."""

# Near the cost of a cached page, so that pages of a list are read in the order of an index and not sorted.
_IN_ORDER = {"random_page_cost": "1.1"}


async def connect(
    settings: Settings,
    application: str,
    more: Mapping[str, str] = MappingProxyType({}),
    host: tuple[str, int | None] | None = None,
) -> Connection:
    """Open one connection outside of any pool; `application` is the name that operators see in pg_stat_activity.

    `more` are settings of this session. With a host, only this one is tried, and only as a primary.
    Raises StoreUnavailable when the database does not answer, StoreUnsuitable, and no other error.
    """
    with connecting(settings.database_url):
        pins = pinned(settings.database_command_timeout_seconds)
        login = partial(log_in, settings, application)
        if host is not None:
            login = partial(log_in_to, host, settings, application, target="primary")
        return await _open(settings, login, {**pins, **more})


class _Reader(Connection):
    """A connection for single read statements: it has no state to reset when it is released after a complete read."""

    _is_incomplete = False

    def mark_incomplete(self) -> None:
        """Note that a read was not completed.

        A read that is cancelled after its statement was prepared, and before its values are sent, leaves a transaction
        open, and with it the locks of its tables. The driver does not know of this transaction.
        """
        self._is_incomplete = True

    def get_reset_query(self) -> str:
        """Return no query, which saves a round trip for every complete read, and keeps the settings of the session.

        After a read that was not completed, return the shortest query: it ends an open transaction.
        """
        query = "SELECT" if self._is_incomplete else ""
        self._is_incomplete = False
        return query


class Pool:
    """A pool for readers; its connections are opened when they are first needed.

    `generation` increases with every session that is opened, and when the server does not confirm the end of a
    statement: from then on, another server may answer.
    """

    def __init__(self, settings: Settings, application: str, size: int) -> None:
        self._settings = settings
        self._application = application
        # A statement whose request has timed out must not go on.
        seconds = min(settings.database_command_timeout_seconds, settings.request_timeout_seconds)
        self._pins = {**pinned(seconds, reads_only=True), **_IN_ORDER}
        self.generation = 0
        self._releasing: set[asyncio.Task[None]] = set()
        self.connections: _Pool = asyncpg.create_pool(
            min_size=0, max_size=size, connection_class=_Reader, connect=self._connect
        )
        DATABASE_CONNECTIONS.labels(application, "idle").set_function(self.connections.get_idle_size)
        DATABASE_CONNECTIONS.labels(application, "in_use").set_function(
            lambda: self.connections.get_size() - self.connections.get_idle_size()
        )

    async def _connect(self, *_: object, **__: object) -> Connection:
        login = partial(log_in, self._settings, self._application, _Reader)
        connection = await _open(self._settings, login, self._pins)
        self.generation += 1
        return connection

    def release_later(self, connection: "PoolConnectionProxy[asyncpg.Record]", *, complete: bool) -> None:
        """Release a connection in the background: to wait for it would take three turns of the event loop.

        If the read is not `complete`, the driver asks the server to cancel it. Until the server confirms the end, no
        other statement can use the connection, so there are never more statements than connections. A server that does
        not answer within CANCEL_SECONDS never may: the connection is closed, and the pool opens another one when it
        needs it.
        """
        task = asyncio.get_running_loop().create_task(self._release(connection, complete=complete))
        # The event loop keeps only weak references to tasks.
        self._releasing.add(task)
        task.add_done_callback(self._releasing.discard)

    async def _release(self, connection: "PoolConnectionProxy[asyncpg.Record]", *, complete: bool) -> None:
        try:
            if not complete and not connection.is_closed():
                # The proxy passes this on to the connection.
                connection.mark_incomplete()  # type: ignore[attr-defined]
            await self.connections.release(connection, timeout=CANCEL_SECONDS)
        except Exception:
            # The driver has closed the connection.
            self.generation += 1


async def create_pool(settings: Settings, application: str, size: int | None = None) -> Pool:
    """Create a pool for readers with at most `size` connections, by default as many as the settings say."""
    pool = Pool(settings, application, size or settings.database_pool_size)
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

    When the request is cancelled, the statement is cancelled on the server, which the request does not wait for.
    """
    try:
        with connecting():
            connection = await pool.connections.acquire()
        complete = False
        try:
            async with translated_in(connection):
                rows = await connection.fetch(query, *values)
            complete = True
            return rows
        finally:
            pool.release_later(connection, complete=complete)
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
