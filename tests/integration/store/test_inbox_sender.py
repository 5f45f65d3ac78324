"""Numbers of senders are right whatever happens at the same time: other writers, rollbacks, and a sweep."""

import asyncio
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg
import orjson
import pytest

from service.settings import Settings
from service.store import command_store as module
from service.store.command_store import CommandStore
from service.store.inbox import find_known, number_senders
from service.store.lock import BEGIN_SHARED
from service.store.maintenance import sweep
from service.store.pool import BY_KEY, connect
from service.store.statement import statement
from tests.support import scenario
from tests.support.database import WAITING
from tests.support.inbox import remembered
from tests.support.record import TOPICS, Log
from tests.support.wait import eventually

if TYPE_CHECKING:
    Database: TypeAlias = asyncpg.Connection[asyncpg.Record]
else:
    Database = asyncpg.Connection

UPSTREAM = "/upstream", TOPICS.commands
ID = "01890a5d-ac96-774b-bcce-b302099a8057"


async def senders(database: Database) -> dict[tuple[str, str], int]:
    """Return the number of each sender."""
    rows = await database.fetch("SELECT source, topic, id FROM inbox_sender")
    return {(source, topic): number for source, topic, number in rows}


async def waits(database: Database) -> bool:
    """Return whether a session waits for a lock."""
    return await database.fetchval(WAITING) is not None


async def test_ids_of_other_senders_topics_and_spellings_are_other_commands(
    command_store: CommandStore, database: Database
) -> None:
    await command_store.apply(scenario.directory().read())
    logs = Log(), Log(partition=1, source="/other"), Log(TOPICS.operator_commands, 1)
    for log in logs:
        for id_ in (ID, ID.upper(), ID.replace("-", "")):
            scenario.create_group(log, id_, "group-1")
        assert (await command_store.apply(log.read())).decided == 3
    expected = {(log.source, id_, log.topic) for log in logs for id_ in (ID, ID.upper(), ID.replace("-", ""))}
    assert expected < (await remembered(database)).keys()


async def test_a_repeat_has_the_same_data_whatever_the_outcome_was(command_store: CommandStore) -> None:
    await command_store.apply(scenario.directory().read())
    log = Log()
    for id_, subject in ((ID, "group-1"), ("same", "group-1"), ("é", ID)):
        scenario.create_group(log, id_, subject)
    scenario.create_group(log, "rejected", "group-2", "nobody")
    log.send("no subject", "group.update", None, {})
    first = (await command_store.apply(log.read())).messages
    outcomes = [message for message in first if message.aggregatetype == "outcome"]

    again = (await command_store.apply(_copy(log).read())).messages

    assert [(m.id, m.type, m.aggregateid, m.payload) for m in again] == [
        (m.id, m.type, m.aggregateid, m.payload) for m in outcomes
    ]
    kinds = [message.type.split(".")[2] for message in again]
    assert kinds == ["accepted", "unchanged", "accepted", "rejected", "rejected"]
    assert all(("ce_replayed", b"true") in message.extra for message in again)


def _copy(log: Log) -> Log:
    other = Log(log.topic, 7, log.source)
    for record in log.records:
        other.append(record.key, record.value, tuple(record.headers))
    return other


async def test_two_writers_that_add_a_sender_at_the_same_time_use_one_number(
    settings: Settings, command_store: CommandStore, database: Database
) -> None:
    await command_store.apply(scenario.directory().read())
    first = await connect(settings, "writer", BY_KEY)
    await first.execute(BEGIN_SHARED)
    number = (await number_senders(first, [UPSTREAM, ("/a", "commands")], {}))[UPSTREAM]
    log = Log()
    scenario.create_group(log, "c1", "group-1")
    second = asyncio.create_task(command_store.apply(log.read()))
    await eventually(lambda: waits(database), what="the second writer waits for the sender")

    await first.execute("COMMIT")

    assert (await second).decided == 1
    assert (await senders(database))[UPSTREAM] == number
    assert (UPSTREAM[0], "c1", UPSTREAM[1]) in await remembered(database)
    await first.close()


async def test_the_number_of_a_batch_that_was_rolled_back_is_not_used(
    command_store: CommandStore, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await command_store.apply(scenario.directory().read())
    log = Log()
    scenario.create_group(log, "c1", "group-1")

    def fail(_point: str) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(module, "passing", lambda point: fail(point) if point == "before_commit" else None)
        with pytest.raises(ZeroDivisionError):
            await command_store.apply(log.read(0))
    # Another sender gets a number before this one is decided again.
    other = Log(partition=1, source="/other")
    scenario.create_group(other, "c1", "group-2")
    await command_store.apply(other.read())

    assert (await command_store.apply(log.read(0))).decided == 1
    assert {key[:2] for key in await remembered(database)} >= {("/upstream", "c1"), ("/other", "c1")}
    assert len(await senders(database)) == 3


async def test_a_sweep_removes_senders_without_commands_and_never_uses_their_numbers_again(
    settings: Settings, command_store: CommandStore, database: Database
) -> None:
    await command_store.apply(scenario.directory().read())
    log = Log()
    scenario.create_group(log, "c1", "group-1")
    await command_store.apply(log.read())
    number = (await senders(database)).pop(UPSTREAM)
    await database.execute("UPDATE inbox SET decided_at = decided_at - interval '31 days' WHERE sender = $1", number)

    swept = await sweep(settings, rest_seconds=0)

    assert swept is not None
    assert swept.forgotten == 1
    assert (await senders(database)).keys() == {("/operator", TOPICS.operator_commands)}
    scenario.create_group(log, "c1", "group-1")
    assert (await command_store.apply(log.read())).decided == 1, "its id is forgotten"
    assert (await senders(database))[UPSTREAM] > number


async def test_a_sweep_leaves_a_sender_whose_number_a_batch_has_read(
    settings: Settings, command_store: CommandStore, database: Database
) -> None:
    numbers = await number_senders(database, [UPSTREAM], {})
    log = Log()
    scenario.create_group(log, "c1", "group-1")
    batch = await connect(settings, "writer", BY_KEY)
    await batch.execute(BEGIN_SHARED)
    assert await find_known(batch, log.read()) == ({}, numbers)
    sweeping = asyncio.create_task(sweep(settings, rest_seconds=0))
    await eventually(lambda: waits(database), what="the sweep waits for the batch")

    await batch.execute("INSERT INTO inbox VALUES (now(), $1, '\\x00', '\\x00')", numbers[UPSTREAM])
    await batch.execute("COMMIT")

    assert await sweeping is not None
    assert await senders(database) == numbers
    await batch.close()


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_a_sweep_looks_at_one_command_of_each_sender(settings: Settings, database: Database, mode: str) -> None:
    await database.execute(
        "INSERT INTO inbox_sender (source, topic) SELECT '/s' || n, 't' FROM generate_series(1, 100) n"
    )
    await database.execute(
        "INSERT INTO inbox SELECT now(), n % 90 + 1, int8send(n), '' FROM generate_series(1, 20000) AS n; ANALYZE"
    )
    session = await connect(settings, "housekeeping", BY_KEY)
    await session.execute(f"SET plan_cache_mode = {mode}")
    await session.execute(f"PREPARE step AS {statement('inbox_sender_unused')}")

    text = await session.fetchval("EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE step(0, 1000)")

    [found] = await session.fetch("EXECUTE step(0, 1000)")
    assert sorted(found["unused"]) == list(range(91, 101))
    scans = [node for node in _nodes(orjson.loads(text)[0]["Plan"]) if node.get("Relation Name") == "inbox"]
    assert sum(node["Actual Rows"] * node["Actual Loops"] for node in scans) <= 100
    await session.close()


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for part in plan.get("Plans", ()) for node in _nodes(part))]
