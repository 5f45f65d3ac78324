"""Databases for tests: one is migrated once, every other is a copy of it."""

import asyncio
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

MIGRATIONS = Path(__file__).parents[2] / "migrations"
DBMATE = Path(sys.executable).parent / "dbmate"


def url_of(server: str, database: str) -> str:
    """Return the URL of another database of the same server."""
    parts = urlsplit(server)
    return urlunsplit(parts._replace(path=f"/{database}"))


@asynccontextmanager
async def made_database(server: str, template: str = "template1") -> AsyncIterator[str]:
    """Make a database as a copy of a template, give its name, and drop it even when connections are left."""
    name = f"test_{secrets.token_hex(6)}"
    await _execute(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield name
    finally:
        await _execute(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@asynccontextmanager
async def migrated_database(server: str) -> AsyncIterator[str]:
    """Make a database with all migrations and give its name."""
    async with made_database(server) as name:
        await asyncio.to_thread(_migrate, url_of(server, name))
        yield name


async def _execute(server: str, statement: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _migrate(url: str) -> None:
    plain = url if "sslmode=" in url else f"{url}?sslmode=disable"
    command = [str(DBMATE), "--no-dump-schema", "--migrations-dir", str(MIGRATIONS), "up"]
    done = subprocess.run(command, env={"DATABASE_URL": plain}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"dbmate failed:\n{done.stdout}{done.stderr}"
