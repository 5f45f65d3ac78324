"""Migrate the database to the newest schema: plain SQL files, applied by dbmate, by one process at a time."""

import asyncio
import shutil
import sys
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from service.settings import Settings
from service.store.errors import StoreUnavailable, translated
from service.store.lock import TRY_MIGRATION
from service.store.pool import Connection, connect
from service.store.statement import statement

MIGRATIONS = Path(__file__).parents[2] / "migrations"
"""The folder of the migration files, in a checkout and in an installed distribution alike."""

_APPLIED = "SELECT version FROM schema_migrations"
_EXISTS = "SELECT to_regclass('schema_migrations') IS NOT NULL"
_COLLIDING = statement("username_colliding")
_POLL_SECONDS = 0.1


class MigrationFailed(Exception):
    """A migration failed; the message is the output of dbmate."""


def known_versions() -> list[str]:
    """Return the versions of all migration files, oldest first."""
    return sorted(path.name.split("_", 1)[0] for path in MIGRATIONS.glob("[0-9]*_*.sql"))


async def migrate(settings: Settings) -> list[str]:
    """Apply the missing migrations and return their versions; safe to run twice and at the same time.

    Waits for another migration by polling: a session that waits inside the database holds a snapshot, and a migration
    that builds an index concurrently would wait for that session.
    """
    connection = await connect(settings, "migrate")
    try:
        with translated():
            while not await connection.fetchval(TRY_MIGRATION):  # noqa: ASYNC110  # the database has no event to wait for
                await asyncio.sleep(_POLL_SECONDS)
            missing = await missing_versions(connection)
            if missing:
                await _run_dbmate(settings.database_url)
        return missing
    finally:
        connection.terminate()


async def colliding_usernames(settings: Settings) -> list[tuple[str, str]]:
    """Return pairs of ids of users whose usernames are the same in the normalization form NFC, at most 100 pairs.

    The first user of a pair cannot be found by the username until one of them is renamed.
    """
    connection = await connect(settings, "migrate")
    try:
        with translated():
            return [(row["id"], row["other"]) for row in await connection.fetch(_COLLIDING)]
    finally:
        connection.terminate()


async def missing_versions(connection: Connection) -> list[str]:
    """Return the versions that this program knows and the database does not have yet."""
    with translated():
        applied = set()
        if await connection.fetchval(_EXISTS):
            applied = {row["version"] for row in await connection.fetch(_APPLIED)}
    return [version for version in known_versions() if version not in applied]


async def _run_dbmate(database_url: str) -> None:
    process = await asyncio.create_subprocess_exec(
        _dbmate(), "--no-dump-schema", "--migrations-dir", str(MIGRATIONS), "up",
        env={"DATABASE_URL": _dbmate_url(database_url)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    if process.returncode:
        raise MigrationFailed(output.decode(errors="replace").strip())


def _dbmate() -> str:
    """Return the program from this installation, or else from the search path."""
    program = shutil.which("dbmate", path=str(Path(sys.executable).parent)) or shutil.which("dbmate")
    if program is None:
        raise StoreUnavailable("the program dbmate is not installed; install the distribution with its dependencies")
    return program


def _dbmate_url(url: str) -> str:
    """Return the URL of the same database for dbmate, with the default of asyncpg: TLS if the server offers it."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    query.setdefault("sslmode", "prefer")
    return urlunsplit(("postgres", parts.netloc, parts.path, urlencode(query), ""))
