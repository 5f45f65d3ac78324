"""`producer-registry migrate` migrates any database to the newest schema, also when several processes run it."""

import asyncio
import os
from pathlib import Path
from urllib.parse import quote, urlsplit

import asyncpg
import pytest

from service.settings import Settings
from service.stack.postgres import Postgres
from service.store import dbmate
from service.store.errors import StoreUnavailable
from service.store.migrate import MigrationFailed, known_versions, migrate


async def test_everything_is_applied_when_the_database_is_empty(empty_database_url: str) -> None:
    assert await migrate(Settings(database_url=empty_database_url)) == known_versions()

    connection = await asyncpg.connect(empty_database_url)
    assert await connection.fetchval("SELECT count(*) FROM inbox") == 0
    await connection.close()


async def test_nothing_is_applied_when_run_again(empty_database_url: str) -> None:
    settings = Settings(database_url=empty_database_url)
    await migrate(settings)

    assert await migrate(settings) == []


async def test_each_migration_is_applied_once_when_three_start_together(empty_database_url: str) -> None:
    settings = Settings(database_url=empty_database_url)

    answers = await asyncio.gather(*(migrate(settings) for _ in range(3)))

    assert sorted(version for applied in answers for version in applied) == known_versions()


async def test_unavailable_is_raised_when_the_database_cannot_be_reached() -> None:
    with pytest.raises(StoreUnavailable, match="Connect"):
        await migrate(Settings(database_url="postgresql://nobody@127.0.0.1:1/registry"))


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the variables of PostgreSQL of the machine that runs the tests."""
    for name in [variable for variable in os.environ if variable.startswith("PG")]:
        monkeypatch.delenv(name)


async def test_the_host_that_answers_is_migrated_when_there_are_several(empty_database_url: str) -> None:
    parts = urlsplit(empty_database_url)
    login, _, host = parts.netloc.rpartition("@")
    url = parts._replace(netloc=f"{login}@127.0.0.1:1,{host}", query="target_session_attrs=read-write").geturl()

    assert await migrate(Settings(database_url=url)) == known_versions()


@pytest.mark.parametrize("source", ["variable", "file"])
async def test_the_password_of_the_environment_is_used(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: str
) -> None:
    parts = urlsplit(empty_database_url)
    assert parts.password is not None
    if source == "variable":
        monkeypatch.setenv("PGPASSWORD", parts.password)
    else:
        (tmp_path / "pgpass").write_text(f"*:*:*:{parts.username}:{parts.password}\n")
        (tmp_path / "pgpass").chmod(0o600)
        monkeypatch.setenv("PGPASSFILE", str(tmp_path / "pgpass"))
    url = parts._replace(netloc=f"{parts.username}@{parts.hostname}:{parts.port}").geturl()

    assert await migrate(Settings(database_url=url)) == known_versions()


async def test_what_only_the_service_knows_is_not_passed_on(empty_database_url: str) -> None:
    parameters = "channel_binding=prefer&keepalives=1&keepalives_idle=30&connect_timeout=7&application_name=own"
    settings = Settings(database_url=f"{empty_database_url}?{parameters}")

    assert await migrate(settings) == known_versions()


async def test_dbmate_gets_the_variables_that_both_drivers_know_and_no_others(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "dbmate"
    program.write_text("#!/bin/sh\nenv\nexit 1\n")
    program.chmod(0o700)
    monkeypatch.setattr(dbmate, "_program", lambda: str(program))
    passed_on = {"PGSSLMODE": "disable", "PGSSLROOTCERT": "/a", "PGSSLCERT": "/b", "PGSSLKEY": "/c", "PGPASSFILE": "/d"}
    for name, value in {**passed_on, "PGSSLCRL": "/e", "PGGSSLIB": "gssapi", "PGOPTIONS": "-c x=y"}.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(MigrationFailed) as failed:
        await migrate(Settings(database_url=empty_database_url))

    variables = dict(line.split("=", 1) for line in str(failed.value).splitlines())
    assert {name: variables.get(name) for name in variables if name.startswith("PG")} == passed_on
    assert "sslmode=disable" in variables["DATABASE_URL"]


@pytest.mark.parametrize(
    ("setting", "value"), [("default_transaction_read_only", "on"), ("default_transaction_isolation", "serializable")]
)
async def test_the_defaults_of_the_database_do_not_matter(empty_database_url: str, setting: str, value: str) -> None:
    connection = await asyncpg.connect(empty_database_url)
    name = await connection.fetchval("SELECT current_database()")
    await connection.execute(f"ALTER DATABASE \"{name}\" SET {setting} = '{value}'")
    await connection.close()

    assert await migrate(Settings(database_url=empty_database_url)) == known_versions()


async def test_a_server_is_migrated_through_its_unix_socket(tmp_path: Path) -> None:
    folder = tmp_path / "socket"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    server = Postgres(settings={"unix_socket_directories": str(folder)})
    await server.start()
    parts = urlsplit(server.address)
    try:
        host = quote(str(folder), safe="")
        url = parts._replace(netloc=f"{parts.username}:{parts.password}@{host}:{parts.port}").geturl()
        assert await migrate(Settings(database_url=url)) == known_versions()
        as_parameter = f"host={folder}&port={parts.port}"
        url = parts._replace(netloc=f"{parts.username}:{parts.password}@", query=as_parameter).geturl()
        assert await migrate(Settings(database_url=url)) == []
    finally:
        await server.stop()
