"""Databases with the roles of deploy/roles.sql: the owner migrates, and each part of the service has its own role."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from service.settings import Settings
from service.store.migrate import migrate
from tests.support.database import made_database, url_of

FILE = Path(__file__).parents[2] / "deploy" / "roles.sql"
OWNER, WRITER, RELAY, READER = ROLES = ("registry_owner", "registry_writer", "registry_relay", "registry_reader")
PASSWORD = secrets.token_hex(12)


@asynccontextmanager
async def database_with_roles(server: str) -> AsyncIterator[str]:
    """Create a database that belongs to the owner and is migrated by it; yield the URL of the superuser.

    The roles belong to the server, and may log in with PASSWORD.
    """
    async with made_database(server) as name:
        url = url_of(server, name)
        await run(url, FILE.read_text())
        logins = "".join(f"ALTER ROLE {role} LOGIN PASSWORD '{PASSWORD}';" for role in ROLES)
        await run(url, f'{logins} ALTER DATABASE "{name}" OWNER TO {OWNER}')
        await migrate(Settings(database_url=as_role(url, OWNER)))
        await run(as_role(url, OWNER), FILE.read_text())
        yield url


def as_role(url: str, role: str) -> str:
    """Return the URL of the same database for a role."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{role}:{PASSWORD}@{parts.hostname}:{parts.port or 5432}"))


async def run(url: str, statements: str) -> None:
    """Run statements in a session of their own."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statements)
    finally:
        await connection.close()


async def privileges(url: str, role: str) -> list[tuple[str, str]]:
    """Return the privileges of a role on tables and sequences, such as ("INSERT", "inbox"), sorted by table."""
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            "SELECT a.privilege_type, c.relname FROM pg_class AS c, aclexplode(c.relacl) AS a"
            " WHERE c.relnamespace = 'public'::regnamespace AND a.grantee = $1::text::regrole ORDER BY 2, 1",
            role,
        )
    finally:
        await connection.close()
    return [(row["privilege_type"], row["relname"]) for row in rows]
