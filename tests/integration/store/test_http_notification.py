"""API processes are notified by batches with commands from HTTP, and by no others."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import pytest

from service.store.command_store import CommandStore
from tests.support import scenario
from tests.support.record import Log

if TYPE_CHECKING:
    import asyncpg

    Database: TypeAlias = asyncpg.Connection[asyncpg.Record]


def add_command(log: Log) -> None:
    log.send("http", "user.update", "nobody", {"name": "N"}, source="/http/ann", publishedby="/producer-registry")


def add_command_of_another_sender(log: Log) -> None:
    log.send("forged", "user.update", "nobody", {"name": "N"}, source="/http/ann")


def add_dead_letter(log: Log) -> None:
    log.append(b"key", b"{", (("ce_source", b"/http/ann"),))


def add_nothing_from_http(log: Log) -> None:
    log.append(b"key", b"{", (("ce_source", b"/https"), ("ce_source", None), ("source", b"/http/ann")))


@pytest.mark.parametrize(
    ("add", "notifications"),
    [
        (add_command, 1),
        (add_command_of_another_sender, 1),
        (add_dead_letter, 1),
        (add_nothing_from_http, 0),
    ],
)
async def test_a_batch_with_commands_from_http_notifies_once_with_its_commit(
    command_store: CommandStore, database: "Database", add: Callable[[Log], None], notifications: int
) -> None:
    received: asyncio.Queue[object] = asyncio.Queue()
    await database.add_listener("producer_registry_http", lambda *reported: received.put_nowait(reported[-1]))
    await database.add_listener("end", lambda *_: received.put_nowait("end"))
    log, statements = Log(), list[str]()
    for number in range(3):
        scenario.create_user(log, f"user-{number}", f"user-{number}")
        add(log)
    connection = await command_store._session()
    with connection.query_logger(lambda query: statements.append(query.query)):
        await command_store.apply(log.read())
        # The logger receives a statement in the next iteration of the event loop.
        await asyncio.sleep(0)
    # A batch that was decided before notifies nobody.
    await command_store.apply(log.read(start=0))
    await database.execute('NOTIFY "end"')

    async with asyncio.timeout(30):
        assert [await received.get() for _ in range(notifications + 1)] == [""] * notifications + ["end"]
    commits = [query for query in statements if query.endswith("COMMIT")]
    assert commits == (["NOTIFY producer_registry_http; COMMIT"] if notifications else ["COMMIT"])
    assert sum("producer_registry_http" in query for query in statements) == notifications
