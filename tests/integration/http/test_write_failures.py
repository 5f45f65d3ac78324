"""Writes over HTTP while the database fails: no outcome is missed, and the response says what is known."""

import asyncio
from collections.abc import Callable

import asyncpg
import pytest

from service.http import outcome_wait
from service.http.outcome_wait import OutcomeWaits
from service.settings import Settings
from service.store.command_states import CommandState
from service.store.command_store import CommandStore
from service.store.outcome_session import OutcomeSession
from tests.integration.http.writing import CODES, NEW, Writing, known
from tests.integration.store.conftest import ORIGIN
from tests.support.record import TOPICS, Log
from tests.support.wait import eventually

FROM_HTTP = {"source": "/http/ann", "publishedby": "/producer-registry"}
LOST = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE application_name LIKE '%outcomes' AND datname = current_database()"
)


async def test_a_503_says_that_the_command_is_decided(writing: Writing, database_url: str) -> None:
    assert (await writing.send("POST", CODES, NEW, key="one")).status_code == 201
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("ALTER TABLE producer_code RENAME TO elsewhere")
        refused = await writing.send("POST", CODES, NEW, key="one")
        assert refused.status_code == 503
        assert "The command is decided: repeat the request with the same key." in refused.json()["detail"]
        await connection.execute("ALTER TABLE elsewhere RENAME TO producer_code")
        assert (await writing.send("POST", CODES, NEW, key="one")).status_code == 201
    finally:
        await connection.close()


class Interrupted(OutcomeSession):
    """A session that is opened again only when `may_open` is set."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, TOPICS)
        self.may_open = asyncio.Event()
        self.may_open.set()

    async def open(self, on_notify: Callable[[], None]) -> None:
        await self.may_open.wait()
        await super().open(on_notify)


async def test_outcomes_during_a_lost_session_are_found_after_it(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcome_wait, "LISTENING_SECONDS", 3600.0)
    settings = Settings(database_url=database_url)
    session, store, log = Interrupted(settings), CommandStore(settings, TOPICS, origin=ORIGIN), Log()
    waits = OutcomeWaits(session, known, most=2)
    running = asyncio.create_task(waits.run())
    connection = await asyncpg.connect(database_url)
    async with asyncio.timeout(60):
        with waits.register("/http/ann", "one") as one, waits.register("/http/ann", "two") as two:
            for offset, waiting in enumerate((one, two)):
                assert await waiting.first(30) == CommandState(None, None, passed=False)
                log.send(waiting.sent.id, "user.update", "nobody", {"name": "N"}, **FROM_HTTP)
                waiting.published(0, offset)
            session.may_open.clear()
            assert await connection.fetchval(LOST)
            await eventually(lambda: not session.is_open, what="the end of the session")
            # The notification of this batch reaches nobody.
            await store.apply(log.read())
            session.may_open.set()
            assert [(await waiting.outcome(30)).status for waiting in (one, two)] == ["rejected", "rejected"]
    running.cancel()
    await asyncio.wait((running,))
    await connection.close()
    await store.close()
