"""The round trips of a batch to the database: their number depends on the kinds of objects, and not on the commands."""

from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import AsyncMock

import asyncpg
import pytest

from service.settings import Settings
from service.store import command_store as module
from service.store.command_store import CommandStore
from service.store.pool import BY_KEY, connect
from tests.integration.store.conftest import ORIGIN
from tests.support.record import TOPICS, Log

MANY = 2_000


class Counted:
    """A session that counts round trips. COPY has two, and all other statements one after their first use."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self.round_trips = 0

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._session, name)
        trips = {"fetch": 1, "execute": 1, "executemany": 1, "copy_records_to_table": 2}.get(name)
        if trips is None:
            return call

        def counted(*given: object, **more: object) -> Any:
            self.round_trips += trips
            return call(*given, **more)

        return counted


@pytest.fixture
async def counted(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Counted:
    counted = Counted(await connect(settings, "writer", BY_KEY))
    monkeypatch.setattr(module, "connect_writer", AsyncMock(return_value=counted))
    return counted


@pytest.fixture
async def store(
    settings: Settings, counted: Counted, database: "asyncpg.Connection[asyncpg.Record]"
) -> AsyncIterator[CommandStore]:
    """A store; the relay that publishes its messages is another process."""
    store = CommandStore(settings, TOPICS, origin=ORIGIN)
    log = Log(TOPICS.operator_commands)
    log.send("o", "organization.put", "pc:4", {"displayName": "O"})
    log.send("r", "role.put", "producer", {"displayName": "R"})
    await store.apply(log.read())
    yield store
    await store.close()


def create(log: Log, number: int) -> None:
    data = {"code": f"code-{number}", "organization": {"id": "pc:4"}, "roles": [{"id": "producer"}]}
    log.send(f"c{number}", "producer-code.create", f"code:{number}", data)


async def applied(store: CommandStore, counted: Counted, log: Log) -> int:
    """Decide what was sent since the last call, and return the number of round trips."""
    before = counted.round_trips
    batch = log.read()
    assert (await store.apply(batch)).decided == len(batch)
    return counted.round_trips - before


async def test_a_batch_of_one_has_few_round_trips(store: CommandStore, counted: Counted) -> None:
    log = Log(TOPICS.commands)
    create(log, 0)
    assert await applied(store, counted, log) == 9, "one more for a new sender"
    create(log, 1)
    assert await applied(store, counted, log) == 8
    log.send("u", "producer-code.update", "code:1", {"description": "D"})
    assert await applied(store, counted, log) == 8
    log.send("g", "group.create", "group:1", {"type": "region", "value": "W", "distributor_id": "pc:4"})
    assert await applied(store, counted, log) == 8
    log.send("a", "group.add-producer-code", "group:1", {"producerCode": {"id": "code:1"}})
    assert await applied(store, counted, log) == 10


async def test_a_large_batch_has_as_many_round_trips_as_one_of_some_hundred(
    store: CommandStore, counted: Counted
) -> None:
    log = Log(TOPICS.commands)
    create(log, -1)
    await applied(store, counted, log)
    for number in range(300):
        create(log, number)
    few = await applied(store, counted, log)
    for number in range(300, 300 + MANY):
        create(log, number)
    assert await applied(store, counted, log) == few == 13
