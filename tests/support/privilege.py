"""PostgreSQL roles with all privileges that the service needs, except one."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

import asyncpg


@asynccontextmanager
async def less(database_url: str, revoked: str) -> AsyncIterator[str]:
    """Create a role without one privilege, such as `INSERT ON inbox`, and yield the database URL for this role.

    The role is dropped at the end, with its connections.
    """
    role, password = f"test_{secrets.token_hex(6)}", secrets.token_hex(12)
    await _execute(
        database_url,
        f"CREATE ROLE {role} LOGIN PASSWORD '{password}';"
        f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role};"
        f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role};"
        f"REVOKE {revoked} FROM {role}",
    )
    try:
        parts = urlsplit(database_url)
        yield urlunsplit(parts._replace(netloc=f"{role}:{password}@{parts.hostname}:{parts.port or 5432}"))
    finally:
        await _execute(
            database_url,
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}';"  # noqa: S608  # a fixed name
            f"DROP OWNED BY {role};"
            f"DROP ROLE {role}",
        )


async def _execute(url: str, statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statements)
    finally:
        await connection.close()
