"""A missing privilege is named with its object and the role, by every session of the service."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import pytest

from service.settings import Settings
from service.store.command_store import CommandStore
from service.store.errors import StoreUnavailable
from service.store.maintenance import sweep
from service.store.migrate import missing_versions
from service.store.outbox_listing import overview
from service.store.pool import connect, create_pool
from service.store.read_store import ReadStore
from tests.integration.consumers.process import ORIGIN
from tests.support import privilege
from tests.support.record import TOPICS, Log

Operation = Callable[[Settings], Awaitable[object]]


async def write(settings: Settings) -> None:
    """Decide a command that changes an organization."""
    log = Log(TOPICS.operator_commands, 0, "/operator")
    log.send("put", "organization.put", "pc:1", {"displayName": "One"})
    store = CommandStore(settings, TOPICS, origin=ORIGIN)
    try:
        await store.apply(log.read())
    finally:
        await store.close()


async def read(settings: Settings) -> None:
    """Read as the API does."""
    pool = await create_pool(settings, "test")
    try:
        await ReadStore(pool).role("producer")
    finally:
        pool.connections.terminate()


async def check(settings: Settings) -> None:
    """Look for missing migrations."""
    connection = await connect(settings, "test")
    try:
        await missing_versions(connection)
    finally:
        connection.terminate()


CASES: list[tuple[str, Operation]] = [
    ("INSERT on inbox", write),
    ("SELECT on inbox", write),
    ("INSERT on inbox_sender", write),
    ("SELECT on inbox_sender", write),
    ("UPDATE on offset_mark", write),
    ("INSERT on offset_mark", write),
    ("INSERT on organization", write),
    ("INSERT on outbox_frame", write),
    ("SELECT on role", read),
    ("SELECT on schema_migrations", check),
    ("DELETE on inbox", sweep),
    ("SELECT on outbox_held", overview),
]


@pytest.mark.parametrize(("lacks", "operation"), CASES)
async def test_the_message_names_privilege_object_and_role(
    settings: Settings, lacks: str, operation: Operation
) -> None:
    # Without an id there is nothing to delete.
    if operation is sweep:
        await write(settings)
    async with privilege.less(settings.database_url, lacks) as url:
        with pytest.raises(StoreUnavailable) as raised:
            await operation(settings.model_copy(update={"database_url": url}))
    table = lacks.rpartition(" ")[2]
    role = urlsplit(url).username
    expected = f"InsufficientPrivilegeError: permission denied for table {table}; the role {role} lacks {lacks}"
    assert str(raised.value) == expected


async def test_the_message_names_a_sequence(settings: Settings) -> None:
    async with privilege.less(settings.database_url, "ALL ON SEQUENCE outbox_block") as url:
        with pytest.raises(StoreUnavailable) as raised:
            await write(settings.model_copy(update={"database_url": url}))
    both = "SELECT on the sequence outbox_block, UPDATE on the sequence outbox_block"
    needed = f"the role {urlsplit(url).username} needs {both}"
    assert str(raised.value) == f"{needed}: otherwise a failover stops the service"


async def test_the_message_names_all_privileges_that_the_statement_needs(settings: Settings) -> None:
    async with privilege.less(settings.database_url, "ALL ON offset_mark") as url:
        with pytest.raises(StoreUnavailable) as raised:
            await write(settings.model_copy(update={"database_url": url}))
    assert str(raised.value).endswith("lacks INSERT on offset_mark, SELECT on offset_mark, UPDATE on offset_mark")


async def test_the_message_names_the_privilege_to_connect(settings: Settings) -> None:
    database = urlsplit(settings.database_url).path[1:]
    async with privilege.less(settings.database_url, f"CONNECT ON DATABASE {database}") as url:
        admin = await connect(settings, "test")
        await admin.execute(f"REVOKE CONNECT ON DATABASE {database} FROM PUBLIC")
        with pytest.raises(StoreUnavailable) as raised:
            await check(settings.model_copy(update={"database_url": url}))
        await admin.execute(f"GRANT CONNECT ON DATABASE {database} TO PUBLIC")
        await admin.close()
    lacking = f"the role {urlsplit(url).username} lacks CONNECT"
    assert str(raised.value).endswith(f'permission denied for database "{database}"; {lacking}')
