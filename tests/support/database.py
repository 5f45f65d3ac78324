"""Databases for tests: one is migrated once, all others are copies of it."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from service.settings import Settings
from service.store.migrate import migrate

WAITING = """
    SELECT pid FROM pg_locks WHERE NOT granted AND pid IN (
        SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = database WHERE datname = current_database()
    )
"""
"""The sessions of this database that wait for a lock; other tests and the server have sessions and locks of their own.

In a transaction pg_stat_activity would go on telling what it told first.
"""


def url_of(server: str, database: str) -> str:
    """Return the URL of another database of the same server."""
    parts = urlsplit(server)
    return urlunsplit(parts._replace(path=f"/{database}"))


@asynccontextmanager
async def made_database(server: str, template: str = "template1") -> AsyncIterator[str]:
    """Create a database from a template, yield its name, and drop it even when connections are open."""
    name = f"test_{secrets.token_hex(6)}"
    await _execute(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield name
    finally:
        await _execute(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@asynccontextmanager
async def filled_database(server: str, template: str, file: Path) -> AsyncIterator[str]:
    """Create a database from a template, run the statements of a file in it, and yield its name."""
    async with made_database(server, template) as name:
        await _execute(url_of(server, name), file.read_text(encoding="utf-8"))
        yield name


@asynccontextmanager
async def migrated_database(server: str) -> AsyncIterator[str]:
    """Create a database with all migrations and yield its name."""
    async with made_database(server) as name:
        await migrate(Settings(database_url=url_of(server, name)))
        yield name


async def _execute(server: str, statement: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
