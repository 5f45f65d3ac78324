"""The roles of deploy/roles.sql: they fit the tables, and nobody has more than is needed."""

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

import asyncpg
import pytest

from service.settings import Settings
from service.store.errors import StoreUnavailable
from service.store.frame import Frame
from service.store.maintenance import sweep
from service.store.migrate import missing_versions
from service.store.outbox_store import OutboxStore
from service.store.pool import connect
from tests.integration.store.conftest import ORIGIN
from tests.support import database_roles, scenario
from tests.support.database_roles import FILE, OWNER, READER, RELAY, WRITER, as_role, privileges, run
from tests.support.scenario import directory
from tests.support.waiting_writers import ADD, EXPIRE, Writers

FOR_THE_OWNER = {"outbox_discarded"}
WRITES = ("INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
FRAME = Frame(position=1, shard=0, topic="registry.user.events.v1", messages=1, raw_bytes=1, value=b"")


@pytest.fixture(scope="module")
async def url(postgres_url: str) -> AsyncIterator[str]:
    """A database with the roles, for its superuser."""
    async with database_roles.database_with_roles(postgres_url) as url:
        yield url


async def names(url: str, kind: str) -> set[str]:
    """Return the names of all relations of a kind, without sequences of identity columns, which need no privilege."""
    connection = await asyncpg.connect(url)
    query = (
        "SELECT relname FROM pg_class AS c WHERE relnamespace = 'public'::regnamespace AND relkind = $1"
        " AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = c.oid AND deptype = 'i' AND c.relkind = 'S')"
    )
    found = {row["relname"] for row in await connection.fetch(query, kind.encode())}
    await connection.close()
    return found


async def test_each_table_and_sequence_has_a_role_that_uses_it(url: str) -> None:
    granted = {name for role in (WRITER, RELAY, READER) for _, name in await privileges(url, role)}
    existing = await names(url, "r") | await names(url, "S")
    assert granted | FOR_THE_OWNER == existing, "grant the privileges on a new table in deploy/roles.sql"


async def test_the_relay_has_a_part_of_the_privileges_of_the_writer(url: str) -> None:
    assert set(await privileges(url, RELAY)) < set(await privileges(url, WRITER))


async def test_the_reader_cannot_write_anything(url: str) -> None:
    assert {privilege for privilege, _ in await privileges(url, READER)} == {"SELECT"}
    connection = await asyncpg.connect(as_role(url, READER))
    try:
        for table in sorted(await names(url, "r")):
            for statement in (f"INSERT INTO {table} DEFAULT VALUES", f"DELETE FROM {table}", f"TRUNCATE {table}"):  # noqa: S608  # names of tables
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)
            may = f"SELECT has_table_privilege('{table}', '{', '.join(WRITES)}')"
            assert not await connection.fetchval(may), table
        for statement in (
            "SELECT nextval('outbox_block')",
            "SELECT setval('outbox_block', 1)",
            "CREATE TABLE other (id integer)",
            "CREATE TEMPORARY TABLE other (id integer)",
            "CREATE SCHEMA other",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()


async def test_the_file_takes_away_what_is_not_in_it_and_can_be_repeated(url: str) -> None:
    before = {role: await privileges(url, role) for role in (WRITER, RELAY, READER)}
    await run(url, f"GRANT ALL ON inbox, outbox_frame TO {READER}; REVOKE ALL ON inbox FROM {WRITER}")
    for _ in range(2):
        await run(as_role(url, OWNER), FILE.read_text())
        assert {role: await privileges(url, role) for role in (WRITER, RELAY, READER)} == before


async def test_other_roles_may_not_even_connect(url: str) -> None:
    await run(url, f"CREATE ROLE registry_stranger LOGIN PASSWORD '{database_roles.PASSWORD}'")
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied for database"):
            await asyncpg.connect(as_role(url, "registry_stranger"))
    finally:
        await run(url, "DROP ROLE registry_stranger")


@pytest.mark.parametrize("table", ["inbox", "inbox_sender"])
async def test_the_sweep_names_the_privilege_to_delete_old_ids(url: str, table: str) -> None:
    settings = Settings(database_url=as_role(url, WRITER))
    await run(url, "INSERT INTO inbox VALUES (now() - interval '1000 days', 1, '', '')")
    await run(url, "INSERT INTO inbox_sender (source, topic) VALUES ('/test', 'topic')")
    await run(url, f"ANALYZE inbox; REVOKE DELETE ON {table} FROM {WRITER}")
    with pytest.raises(StoreUnavailable, match=f"the role {WRITER} lacks DELETE on {table}$"):
        await sweep(settings, rest_seconds=0)
    await run(as_role(url, OWNER), FILE.read_text())
    swept = await sweep(settings, rest_seconds=0)
    assert swept is not None
    assert swept.forgotten == (1 if table == "inbox" else 0)


@pytest.mark.parametrize("role", [WRITER, RELAY])
async def test_the_rest_of_a_frame_needs_the_privilege_to_insert_it(url: str, role: str) -> None:
    store = OutboxStore(Settings(database_url=as_role(url, role)))
    await store.open(lambda _: None)
    try:
        await run(url, f"REVOKE INSERT ON outbox_frame FROM {role}")
        with pytest.raises(StoreUnavailable, match=f"the role {role} lacks INSERT on outbox_frame"):
            await store.settle([], rest=[FRAME])
        await run(as_role(url, OWNER), FILE.read_text())
        await store.settle([], rest=[FRAME])
        await store.settle([FRAME.position])
    finally:
        await store.close()


async def check_migrations(settings: Settings) -> None:
    """Do what the probe of a process does."""
    connection = await connect(settings, "test")
    try:
        await missing_versions(connection)
    finally:
        connection.terminate()


@pytest.mark.parametrize("operation", [check_migrations, sweep])
async def test_the_privilege_to_use_the_schema_is_named(
    url: str, operation: Callable[[Settings], Awaitable[object]]
) -> None:
    await run(url, f"REVOKE USAGE ON SCHEMA public FROM {WRITER}")
    with pytest.raises(StoreUnavailable, match=f"the role {WRITER} lacks USAGE on the schema public"):
        await operation(Settings(database_url=as_role(url, WRITER)))
    await run(as_role(url, OWNER), FILE.read_text())


@pytest.mark.parametrize("privilege", ["SELECT", "INSERT", "UPDATE", "DELETE"])
async def test_commands_that_wait_need_each_privilege_on_their_table(postgres_url: str, privilege: str) -> None:
    async with database_roles.database_with_roles(postgres_url) as url:
        writers = Writers(Settings(database_url=as_role(url, WRITER)), ORIGIN)
        try:
            await writers.first.apply(directory().read())
            scenario.create_group(writers.log, "g", "pc:669")
            await writers.apply()
            operations: dict[str, Callable[[], Awaitable[object]]] = {
                "SELECT": writers.decide_due,
                "INSERT": writers.apply,
                "UPDATE": partial(writers.waiting.shorten, 1.0),
                "DELETE": writers.decide_due,
            }
            writers.log.send("add", "group.add-producer-code", "pc:669", ADD)
            if privilege != "INSERT":
                await writers.apply()
                await run(url, EXPIRE)
            await run(url, f"REVOKE {privilege} ON waiting_command FROM {WRITER}")
            with pytest.raises(StoreUnavailable, match=f"the role {WRITER} lacks {privilege} on waiting_command"):
                await operations[privilege]()
        finally:
            for store in (writers.first, writers.second, writers.waiting):
                await store.close()
