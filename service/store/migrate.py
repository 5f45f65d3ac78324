"""Migrate the database to the newest schema: plain SQL files, applied by dbmate, by one process at a time."""

import asyncio
from functools import cache
from pathlib import Path
from typing import Final

from service.database_url import DatabaseUrl
from service.settings import Settings, postgres_variables
from service.store import dbmate
from service.store.dbmate import MigrationFailed
from service.store.errors import StoreUnavailable, StoreUnsuitable, translated_in
from service.store.lock import TRY_MIGRATION
from service.store.pool import Connection, connect
from service.store.privilege import missing_usage
from service.store.session import pinned
from service.store.statement import statement

__all__ = ["MIGRATIONS", "MigrationFailed", "colliding_usernames", "known_versions", "migrate", "missing_versions"]

MIGRATIONS = Path(__file__).parents[2] / "migrations"
"""The folder of the migration files, in a checkout and in an installed distribution alike."""

_APPLIED = "SELECT version FROM schema_migrations"
_EXISTS = "SELECT to_regclass('schema_migrations') IS NOT NULL"
_COLLIDING = statement("username_colliding")
_POLL_SECONDS = 0.1

# The hosts that asyncpg tries when neither the URL nor a variable names one.
_DEFAULT_HOSTS: Final = ("/run/postgresql", "/var/run/postgresql", "/tmp", "/private/tmp", "localhost")  # noqa: S108

# Settings that a migration depends on. They are sent only if the defaults of the database differ, because a pooler may
# refuse them at the start of a session.
_SETTINGS: Final = ("default_transaction_isolation", "default_transaction_read_only", "synchronous_commit")
_DEFAULTS: Final = "SELECT name, reset_val FROM pg_settings WHERE name = ANY($1::text[])"


def known_versions() -> list[str]:
    """Return the versions of all migration files, oldest first."""
    return list(_versions_in(MIGRATIONS))


@cache
def _versions_in(folder: Path) -> tuple[str, ...]:
    """Return the versions in a folder; a running process asks every two seconds, also when it is out of descriptors."""
    return tuple(sorted(path.name.split("_", 1)[0] for path in folder.glob("[0-9]*_*.sql")))


async def migrate(settings: Settings) -> list[str]:
    """Apply the missing migrations and return their versions; safe to run twice and at the same time.

    Waits for another migration by polling: a session that waits inside the database holds a snapshot, and a migration
    that builds an index concurrently would wait for that session.
    """
    url = DatabaseUrl.parse(settings.database_url)
    connection, host = await _connect_to_primary(settings, url)
    try:
        async with translated_in(connection):
            while not await connection.fetchval(TRY_MIGRATION):  # noqa: ASYNC110  # the database has no event to wait for
                await asyncio.sleep(_POLL_SECONDS)
            missing = await missing_versions(connection)
            if missing:
                different = await _different_defaults(connection)
                await dbmate.apply(MIGRATIONS, url, host, postgres_variables(), different)
        return missing
    finally:
        connection.terminate()


async def colliding_usernames(settings: Settings) -> list[tuple[str, str]]:
    """Return pairs of ids of users whose usernames are the same in the normalization form NFC, at most 100 pairs.

    The first user of a pair cannot be found by the username until one of them is renamed.
    """
    connection = await connect(settings, "migrate")
    try:
        async with translated_in(connection):
            return [(row["id"], row["other"]) for row in await connection.fetch(_COLLIDING)]
    finally:
        connection.terminate()


async def missing_versions(connection: Connection) -> list[str]:
    """Return the versions that this program knows and the database does not have yet."""
    async with translated_in(connection):
        applied = set()
        if await connection.fetchval(_EXISTS):
            applied = {row["version"] for row in await connection.fetch(_APPLIED)}
        elif lacking := await missing_usage(connection):
            raise StoreUnavailable(lacking)
    return [version for version in known_versions() if version not in applied]


async def _connect_to_primary(settings: Settings, url: DatabaseUrl) -> tuple[Connection, tuple[str, int | None]]:
    """Connect to the first host that is not a standby, and return it."""
    named = url.hosts_in(postgres_variables())
    failures: list[StoreUnavailable] = []
    for host in named or [(name, None) for name in _DEFAULT_HOSTS]:
        try:
            return await connect(settings, "migrate", host=host), host
        except StoreUnsuitable:
            raise
        except StoreUnavailable as error:
            failures.append(error)
    raise failures[-1]


async def _different_defaults(connection: Connection) -> dict[str, str]:
    wanted = {name: value for name, value in pinned(0).items() if name in _SETTINGS}
    defaults = await connection.fetch(_DEFAULTS, list(wanted))
    return {row["name"]: wanted[row["name"]] for row in defaults if row["reset_val"] != wanted[row["name"]]}
