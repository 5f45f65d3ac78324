"""Commands with a database URL that is fine: the password appears in no output, whatever else is wrong."""

import json
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import asyncpg
import pytest

from tests.support.program import Ended, program
from tests.support.transaction_pooler import transaction_pooler

SECRET = "pl@nted/s3cret"
COMMANDS = (
    ("config",), ("doctor",), ("doctor", "--json"), ("migrate",), ("outbox", "list"), ("outbox", "retry"),
    ("resend", "--type", "role"), ("health",), ("topics", "check"),
)  # fmt: skip


@pytest.fixture
async def secret_url(database_url: str) -> AsyncIterator[str]:
    """The URL of the database for a role whose password is SECRET."""
    role = f"test_{secrets.token_hex(6)}"
    connection = await asyncpg.connect(database_url)
    await connection.execute(f"CREATE ROLE {role} SUPERUSER LOGIN PASSWORD '{SECRET}'")
    parts = urlsplit(database_url)
    try:
        yield parts._replace(netloc=f"{role}:{quote(SECRET, safe='')}@{parts.hostname}:{parts.port}").geturl()
    finally:
        await connection.execute(f"DROP ROLE {role}")
        await connection.close()


async def refused_serve(url: str, folder: Path) -> Ended:
    """Return how a process of the API ends."""
    keys = folder / "keys.json"
    keys.write_text('{"keys": []}')
    return await program(
        "serve", "--role", "api", database_url=url, jwks=keys, jwt_issuer="https://login", api_port=0, admin_port=0
    )


def assert_secret(ended: Ended) -> None:
    """Assert that no form of the password is in the output."""
    for form in (SECRET, quote(SECRET), quote(SECRET, safe=""), "s3cret"):
        assert form not in ended.out + ended.err


async def test_no_command_prints_the_password(secret_url: str) -> None:
    parts = urlsplit(secret_url)
    unreachable = parts._replace(netloc=parts.netloc.rpartition(":")[0] + ":1").geturl()
    wrong = secret_url.replace("s3cret", "s3cret2")
    nowhere = parts._replace(path="/nowhere").geturl()
    runs = [(secret_url, command) for command in COMMANDS]
    runs += [(url, command) for url in (unreachable, wrong, nowhere) for command in COMMANDS[1:5:2]]
    for url, command in runs:
        ended = await program(*command, database_url=url)
        assert_secret(ended)
        assert "Traceback" not in ended.err


async def test_migrate_does_not_print_the_password_when_a_migration_fails(
    secret_url: str, database: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await database.execute("DELETE FROM schema_migrations WHERE version = '0003'")
    await database.execute("ALTER TABLE offset_mark RENAME TO renamed")
    ended = await program("migrate", database_url=secret_url)
    assert ended.code == 1
    assert "offset_mark" in ended.err
    assert_secret(ended)


async def test_a_pooler_in_transaction_mode_is_reported_by_serve_and_doctor(secret_url: str, tmp_path: Path) -> None:
    async with transaction_pooler(secret_url) as url:
        served = await refused_serve(url, tmp_path)
        checked = await program("doctor", "--json", database_url=url)
    problem = "the database is behind a pooler that gives each transaction another session"
    advice = "use session mode (PgBouncer: pool_mode = session), or connect to PostgreSQL directly"
    assert (served.code, served.err.splitlines()[-1]) == (1, f"{problem}: {advice}")
    database = {check["name"]: check for check in map(json.loads, checked.lines)}["database"]
    assert (checked.code, database["state"], database["advice"]) == (1, "bad", advice)
    assert database["finding"].endswith(problem)
    assert_secret(served)
    assert_secret(checked)


async def test_an_encoding_other_than_utf8_is_reported_by_serve_doctor_and_migrate(
    database_url: str, tmp_path: Path
) -> None:
    name = f"test_{secrets.token_hex(6)}"
    server = await asyncpg.connect(database_url)
    options = "TEMPLATE template0 ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C'"
    await server.execute(f'CREATE DATABASE "{name}" {options}')
    url = urlsplit(database_url)._replace(path=f"/{name}").geturl()
    try:
        ended = [await refused_serve(url, tmp_path), await program("migrate", database_url=url)]
        checked = await program("doctor", database_url=url)
    finally:
        await server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await server.close()
    sentence = "the database has the encoding LATIN1, which cannot store every command: create a database with ENCODING"
    assert [one.code for one in ended] == [1, 1]
    assert all(sentence in one.err.splitlines()[-1] for one in ended)
    assert checked.code == 1
    assert "the database has the encoding LATIN1" in checked.out
