"""The epoch of positions rises when the database may lack positions that were published."""

import asyncio
import re
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from service.contract.message import Message
from service.settings import Settings
from service.stack.postgres import Postgres
from service.store.command_store import CommandStore
from service.store.epoch import raise_epoch
from service.store.errors import StoreUnavailable
from service.store.migrate import migrate
from service.store.pool import Connection
from service.store.position import BLOCK, EPOCH
from service.store.snapshot_store import snapshots
from tests.integration.store.conftest import ORIGIN
from tests.support import database as databases
from tests.support.outbox import stored_messages
from tests.support.privilege import less
from tests.support.record import TOPICS, Log
from tests.support.standby import caught_up, cut_off, promote, standby_of
from tests.support.wait import eventually

ELSEWHERE = ("system_identifier = 1", "timeline = 77", "database_oid = 1")


class Writer:
    """A writer that decides one command per batch; `epochs` are those of its batches."""

    def __init__(self, settings: Settings, partition: int = 0) -> None:
        self._log = Log(TOPICS.operator_commands, partition)
        self.store = CommandStore(settings, TOPICS, origin=ORIGIN)
        self.messages: list[Message] = []

    async def decide(self) -> int:
        """Decide a command, and return the epoch of its positions. A command that was not decided is sent again."""
        name = f"{self._log.partition}-{len(self.messages)}"
        self._log.send(name, "role.put", name, {"displayName": "Role"})
        applied = await self.store.apply(self._log.read())
        self.messages += applied.messages
        return epoch_of(applied.messages[0])

    @property
    def rises(self) -> bool:
        """Whether each message has a higher `ce_sequence` than the one before it."""
        sequences = [(dict(message.headers)["ce_sequence"] or b"").decode() for message in self.messages]
        assert {len(sequence) for sequence in sequences} == {20}
        return sequences == sorted(set(sequences))


def epoch_of(message: Message) -> int:
    """Return the epoch of a message."""
    return message.position // BLOCK // EPOCH


@pytest.fixture
async def writer(settings: Settings) -> AsyncIterator[Writer]:
    writer = Writer(settings)
    yield writer
    await writer.store.close()


async def test_the_first_session_keeps_the_identity_and_later_ones_stay_in_its_epoch(
    writer: Writer, database: Connection
) -> None:
    assert await writer.decide() == 1
    await writer.store.close()
    assert await writer.decide() == 1
    assert await database.fetchval("SELECT epoch FROM database_identity") == 1
    assert await database.fetchval("SELECT database_oid = oid FROM database_identity, pg_database WHERE datname = $1",
                                   await database.fetchval("SELECT current_database()"))  # fmt: skip


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
async def test_the_epoch_rises_once_when_the_identity_differs(
    writer: Writer, database: Connection, elsewhere: str
) -> None:
    assert await writer.decide() == 1
    await database.execute(f"UPDATE database_identity SET {elsewhere}")  # noqa: S608  # a constant
    await writer.store.close()
    assert [await writer.decide(), await writer.decide()] == [2, 2]
    await writer.store.close()
    assert await writer.decide() == 2
    assert writer.rises


async def test_the_identity_is_checked_again_when_the_session_was_lost(writer: Writer, database: Connection) -> None:
    assert await writer.decide() == 1
    await database.execute("UPDATE database_identity SET timeline = timeline + 1")
    await database.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'producer-registry writer' AND datname = current_database()"
    )

    async def decided() -> bool:
        try:
            return await writer.decide() > 0
        except StoreUnavailable:
            return False

    await eventually(decided, what="a decision in a new session")
    assert epoch_of(writer.messages[-1]) == 2


async def test_the_epoch_rises_once_when_several_writers_begin_at_the_same_time(
    settings: Settings, database: Connection
) -> None:
    await raise_epoch(settings)
    await database.execute("UPDATE database_identity SET timeline = 77")
    stores = [CommandStore(settings, TOPICS, origin=ORIGIN) for _ in range(5)]
    logs = [Log(TOPICS.operator_commands, partition=number) for number in range(5)]
    for number, log in enumerate(logs):
        log.send(f"c{number}", "role.put", f"role-{number}", {"displayName": "Role"})
    applied = await asyncio.gather(*(store.apply(log.read()) for store, log in zip(stores, logs, strict=True)))
    for store in stores:
        await store.close()
    assert {epoch_of(message) for one in applied for message in one.messages} == {3}


async def test_the_epoch_exceeds_the_kept_one_when_the_sequence_was_not_copied(
    writer: Writer, database: Connection
) -> None:
    # Logical replication copies rows, and no sequences.
    await writer.decide()
    await database.execute("UPDATE database_identity SET system_identifier = 1, epoch = 4")
    await writer.store.close()
    assert await writer.decide() == 5


async def test_the_epoch_rises_in_a_copy_of_the_database(postgres_url: str, settings: Settings, writer: Writer) -> None:
    await writer.decide()
    await writer.store.close()
    original = settings.database_url.rpartition("/")[2]
    async with databases.made_database(postgres_url, original) as name:
        copy = Writer(Settings(database_url=databases.url_of(postgres_url, name)), partition=1)
        assert await copy.decide() == 2
        await copy.store.close()


async def test_snapshots_are_in_the_epoch_of_the_database(
    settings: Settings, writer: Writer, database: Connection
) -> None:
    await writer.decide()
    await database.execute("UPDATE database_identity SET timeline = 77")
    assert [count async for count in snapshots(settings, "role", None, "run")] == [1]
    assert epoch_of((await stored_messages(database))[-1]) == 2


async def test_after_a_restore_the_epoch_rises_above_that_of_the_topics(settings: Settings, writer: Writer) -> None:
    assert await writer.decide() == 1
    raised = await raise_epoch(settings)
    assert (raised.before, raised.epoch) == (1, 2)
    assert await writer.decide() == 2, "also in a session that is open"
    assert (await raise_epoch(settings, above=6)).epoch == 7
    await writer.store.close()
    assert await writer.decide() == 7
    assert writer.rises


@pytest.mark.parametrize(
    "needed",
    [
        "UPDATE on the sequence outbox_block",
        "SELECT on the table database_identity",
        "INSERT on the table database_identity",
        "UPDATE on the table database_identity",
        "EXECUTE on the function pg_control_system()",
    ],
)
async def test_a_missing_privilege_is_named_with_object_and_role(
    settings: Settings, database: Connection, needed: str
) -> None:
    revoked = needed.replace("the ", "")
    if revoked.startswith("EXECUTE"):
        await database.execute(f"REVOKE {revoked} FROM PUBLIC")
    async with less(settings.database_url, revoked) as url:
        role = urlsplit(url).username
        with pytest.raises(StoreUnavailable, match=re.escape(f"the role {role} needs {needed}: ")):
            await Writer(Settings(database_url=url)).decide()


async def test_the_epoch_rises_when_a_standby_was_promoted_that_lost_transactions() -> None:
    primary = Postgres()
    await primary.start()
    standby = None
    try:
        settings = Settings(database_url=primary.address)
        await migrate(settings)
        writer = Writer(settings)
        await writer.decide()
        standby = await standby_of(primary)
        await caught_up(standby, primary)
        await cut_off(standby)
        # More than the 32 values that PostgreSQL writes to the WAL ahead of a sequence.
        for _ in range(40):
            await writer.decide()
        await primary.stop()

        promoted = Writer(Settings(database_url=standby.address), partition=1)
        with pytest.raises(StoreUnavailable, match="recovery is in progress"):
            await promoted.decide()
        await promote(standby)
        # At once: the control file may still have the former timeline.
        assert await promoted.decide() == 2
        writer.messages += promoted.messages
        assert writer.rises
        await promoted.store.close()
    finally:
        await primary.stop()
        if standby is not None:
            await standby.stop()
