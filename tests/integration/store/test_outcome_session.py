"""The session of waiting requests: it hears of batches on a primary, and reads outcomes on a standby, too."""

import asyncio
from typing import TYPE_CHECKING, TypeAlias

import pytest

from service.settings import Settings
from service.stack.postgres import Postgres
from service.store.command_states import SentCommand
from service.store.command_store import CommandStore
from service.store.errors import StoreUnavailable
from service.store.migrate import migrate
from service.store.outcome_session import OutcomeSession
from tests.integration.store.conftest import ORIGIN
from tests.support import scenario
from tests.support.record import TOPICS, Log
from tests.support.standby import caught_up, promote, standby_of
from tests.support.wait import eventually

if TYPE_CHECKING:
    import asyncpg

    Database: TypeAlias = asyncpg.Connection[asyncpg.Record]

FROM_HTTP = {"source": "/http/ann", "publishedby": "/producer-registry"}
SENT = SentCommand("/http/ann", "one", 0, 0)
NUMBER = """
    SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE '%outcomes' AND datname = current_database()
"""


def command() -> Log:
    """A command from HTTP."""
    log = Log()
    log.send("one", "user.update", "nobody", {"name": "N"}, **FROM_HTTP)
    return log


async def test_a_batch_with_commands_from_http_is_reported(settings: Settings, command_store: CommandStore) -> None:
    session, notified = OutcomeSession(settings, TOPICS), asyncio.Event()
    await session.open(notified.set)
    assert (session.listens, session.is_open) == (True, True)
    assert [state.status for state in await session.states([SENT], ORIGIN)] == [None]
    await command_store.apply(command().read())
    async with asyncio.timeout(30):
        await notified.wait()
    assert [state.status for state in await session.states([SENT], ORIGIN)] == ["rejected"]
    session.close()


async def test_the_end_of_the_session_is_reported(settings: Settings, database: "Database") -> None:
    session, notified = OutcomeSession(settings, TOPICS), asyncio.Event()
    await session.open(notified.set)
    ended = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name LIKE '%outcomes' AND datname = current_database()"
    )
    assert await database.fetchval(ended)
    async with asyncio.timeout(30):
        await notified.wait()
    await eventually(lambda: not session.is_open, what="a closed session")
    with pytest.raises(StoreUnavailable):
        await session.states([SENT], ORIGIN)
    await session.open(notified.set)
    assert session.is_open
    session.close()


async def test_a_session_that_is_opened_again_replaces_the_first(settings: Settings, database: "Database") -> None:
    session = OutcomeSession(settings, TOPICS)
    for _ in range(2):
        await session.open(lambda: None)

    async def number() -> int:
        return int(await database.fetchval(NUMBER))

    async def is_single() -> bool:
        return await number() == 1

    await eventually(is_single, what="the end of the first session")
    session.close()

    async def is_over() -> bool:
        return await number() == 0

    await eventually(is_over, what="the end of the second session")


async def test_a_standby_is_read_without_notifications() -> None:
    primary = Postgres()
    await primary.start()
    try:
        settings = Settings(database_url=primary.address)
        await migrate(settings)
        standby = await standby_of(primary)
        try:
            session = OutcomeSession(Settings(database_url=standby.address), TOPICS)
            # As if the session before was one of the primary.
            session.listens = True
            await session.open(lambda: None)
            assert (session.listens, session.is_open) == (False, True)
            store = CommandStore(settings, TOPICS, origin=ORIGIN)
            await store.apply(scenario.directory().read())
            await store.apply(command().read())
            await store.close()
            await caught_up(standby, primary)
            assert [state.status for state in await session.states([SENT], ORIGIN)] == ["rejected"]
            session.close()
        finally:
            await standby.stop()
    finally:
        await primary.stop()


async def test_a_session_of_a_standby_hears_of_batches_after_its_promotion() -> None:
    primary = Postgres()
    await primary.start()
    try:
        await migrate(Settings(database_url=primary.address))
        standby = await standby_of(primary)
        try:
            settings = Settings(database_url=standby.address)
            session, notified = OutcomeSession(settings, TOPICS), asyncio.Event()
            await session.open(notified.set)
            await session.listen()
            assert [session.listens] == [False]
            await promote(standby)
            await session.listen()
            assert [session.listens] == [True]
            store = CommandStore(settings, TOPICS, origin=ORIGIN)
            await store.apply(command().read())
            await store.close()
            async with asyncio.timeout(30):
                await notified.wait()
            session.close()
        finally:
            await standby.stop()
    finally:
        await primary.stop()
