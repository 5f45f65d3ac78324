"""What every database session must be like: its settings, the encoding of the database, and that it stays one session.

Settings are applied with SET and verified after connecting. They are no startup parameters, which poolers refuse or
drop. A pooler that gives each transaction another session is refused: settings, advisory locks, LISTEN and prepared
statements belong to a session.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

import asyncpg
from asyncpg.transaction import Transaction

from service.store.errors import StoreUnsuitable

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection

CHECK_MILLISECONDS: Final = 1000
"""How often a running statement checks that its client is still there."""

CHECKS: Final = 5
"""How often the sessions of two connections are compared in turns: a pooler gives one the session of the other."""

_ENCODING: Final = {"server_encoding": "UTF8"}
_PID: Final = "SELECT pg_backend_pid()"
_ACTUAL: Final = "SELECT name, setting FROM pg_settings WHERE name = ANY($1::text[])"

_direct: set[str] = set()
"""URLs that lead to one session for each connection, as far as this process knows."""


def pinned(seconds: float, *, reads_only: bool = False) -> dict[str, str]:
    """Return the settings of a session whose statements may take this many seconds.

    Whatever is configured for the server, the database or the role, decisions depend on the isolation level, outcomes
    on the commit being durable, and sessions that wait on there being no other time-outs.
    """
    # 0 would be no time-out at all.
    milliseconds = str(max(1, int(seconds * 1000)))
    return {
        "default_transaction_isolation": "read committed",
        "default_transaction_read_only": "on" if reads_only else "off",
        "synchronous_commit": "on",
        "TimeZone": "UTC",
        "jit": "off",
        # A statement has one process of the database, so that connections limit what reads can take from the others.
        "max_parallel_workers_per_gather": "0",
        "statement_timeout": milliseconds,
        "idle_in_transaction_session_timeout": milliseconds,
        "lock_timeout": "0",
        "idle_session_timeout": "0",
        "client_connection_check_interval": str(CHECK_MILLISECONDS),
        # The locks of a peer that vanished without closing its connection are released within seconds.
        "tcp_user_timeout": str(min(int(milliseconds), 15_000)),
        "tcp_keepalives_idle": "5",
        "tcp_keepalives_interval": "2",
        "tcp_keepalives_count": "3",
    }


HOLDING_LOCKS: Final = {"idle_session_timeout": "15000"}
"""For a session that holds locks which other processes wait for, and that runs a statement at least every few seconds.

A process that hangs would keep them for ever: its operating system still answers for it. The time is longer than the
lease of a relay, so a relay that wakes up later sends nothing of shards that another one has.
"""


async def prepare(connection: Connection, settings: Mapping[str, str]) -> None:
    """Apply the settings, and verify them and the encoding; raise StoreUnsuitable. Takes two round trips."""
    # SET takes no bound parameters; names and values are constants of this package, or numbers.
    await connection.execute("; ".join(f"SET {name} = '{value}'" for name, value in settings.items()))
    # On a unix socket, the settings of TCP have no effect and are shown as 0.
    wanted = _ENCODING | {name: value for name, value in settings.items() if not name.startswith("tcp_")}
    values = ", ".join(f"('{name}', '{value}')" for name, value in wanted.items())
    found = await connection.execute(f"SELECT FROM pg_settings WHERE (name, setting) IN ({values})")  # constants
    if found != f"SELECT {len(wanted)}":
        actual = {row["name"]: row["setting"] for row in await connection.fetch(_ACTUAL, list(wanted))}
        _refuse(wanted, actual)


def _refuse(wanted: Mapping[str, str], actual: Mapping[str, str]) -> None:
    encoding = actual.get("server_encoding")
    if encoding != "UTF8":
        advice = "create a database with ENCODING 'UTF8' and restore the data into it"
        raise StoreUnsuitable(f"the database has the encoding {encoding}, which cannot store every command", advice)
    different = ", ".join(f"{name} is {actual.get(name)}" for name in wanted if actual.get(name) != wanted[name])
    advice = "connect to PostgreSQL directly, or through a pooler that keeps the settings of a session"
    raise StoreUnsuitable(f"the session does not keep its settings ({different})", advice)


def transaction(connection: Connection) -> Transaction:
    """Return a transaction that names its isolation level when it begins."""
    return connection.transaction(isolation="read_committed")


async def require_own_session(url: str, connection: Connection, another: Callable[[], Awaitable[Connection]]) -> None:
    """Raise StoreUnsuitable if statements of this connection can run in another session than the one before.

    While a second connection holds a transaction, a pooler in transaction mode must give the first connection another
    session, or has given its session to the second. Checked once for each URL in a process.
    """
    if url in _direct:
        return
    try:
        first = {await _session(connection), await _session(connection)}
        second = await another()
        try:
            async with transaction(second):
                is_pooled = await _pid(second) in first or {await _session(connection)} != first
            for _ in range(CHECKS):
                # Beside the transactions of others, both may have got the sessions that they had.
                is_pooled = is_pooled or await _session(second) in first or {await _session(connection)} != first
        finally:
            second.terminate()
    except asyncpg.PostgresConnectionError as error:
        # PgBouncer closes a connection that begins a transaction in statement mode, and says why.
        if "statement pooling mode" not in str(error):
            raise
        is_pooled = True
    if is_pooled:
        advice = "use session mode (PgBouncer: pool_mode = session), or connect to PostgreSQL directly"
        raise StoreUnsuitable("the database is behind a pooler that gives each transaction another session", advice)
    _direct.add(url)


async def _session(connection: Connection) -> int:
    """Return the id of the session that runs the next transaction."""
    async with transaction(connection):
        return await _pid(connection)


async def _pid(connection: Connection) -> int:
    # Without a name: a named statement would be left in the session of another client.
    pid: int = await (await connection.prepare(_PID, name="")).fetchval()
    return pid
