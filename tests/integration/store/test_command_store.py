"""The real store: one transaction, a fixed number of statements, concurrent writers."""

import asyncio
import json
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import asyncpg
import pytest

from service.contract.message import SHARDS
from service.core.command import Command
from service.core.decision import Decision, Repeat
from service.core.world import World
from service.settings import Settings
from service.store.command_store import CommandStore
from service.store.errors import StoreDefect, StoreRace, StoreUnavailable
from service.store.frame import FRAME_BYTES
from tests.integration.store.conftest import ALL, ORIGIN, read_as_a_whole
from tests.support import scenario
from tests.support.database import WAITING
from tests.support.outbox import stored_messages
from tests.support.record import TOPICS, Log
from tests.support.wait import eventually

if TYPE_CHECKING:
    Database: TypeAlias = asyncpg.Connection[asyncpg.Record]
else:
    Database = asyncpg.Connection

_OTHER_CODE = """
    INSERT INTO producer_code VALUES ('pc:x', '301-008578', 'pc:4', '{}', NULL, NULL, 'Active', NULL, NULL, 2, 1)
"""
_ASSOCIATION = """
    INSERT INTO group_producer_code (group_id, code_id, id, code, usable)
    VALUES ('group-0', 'pc:16', gen_random_uuid(), '301-008578', 2)
"""


async def _waits_for_lock(database: Database) -> bool:
    return await database.fetchval(WAITING) is not None


class _Counter:
    """Counts the statements a store sends, through asyncpg's query log."""

    def __init__(self, store: CommandStore) -> None:
        self.statements: list[str] = []
        self._store = store

    async def apply(self, log: Log) -> int:
        self.statements.clear()
        connection = await self._store._session()
        with connection.query_logger(lambda query: self.statements.append(query.query)):
            await self._store.apply(log.read())
            # The logger receives a statement in the next iteration of the event loop.
            await asyncio.sleep(0)
        return len(self.statements)


def _mixed(log: Log, batch: str, size: int) -> None:
    for number in range(size):
        name = f"{batch}-{number}"
        scenario.create_code(log, f"a{name}", f"code-{name}", f"C-{name}")
        scenario.create_user(log, f"b{name}", f"user-{name}")
        log.send(f"c{name}", "user.add-producer-code", f"user-{name}", {"producerCode": {"id": f"code-{name}"}})


async def test_the_number_of_statements_does_not_depend_on_the_size_of_a_batch(command_store: CommandStore) -> None:
    await command_store.apply(scenario.directory().read())
    log, counter, counts = Log(), _Counter(command_store), {}
    # The first command of a sender needs one more statement.
    scenario.create_user(log, "first", "user-first")
    await command_store.apply(log.read())
    # Small batches have one statement where large ones have COPY and others.
    for size in (1, 10, 100, 500):
        _mixed(log, str(size), size)
        counts[size] = await counter.apply(log)

    assert counts[1] == counts[10] <= 14, counts
    assert counts[100] == counts[500] <= 16, counter.statements


async def test_no_table_isread_as_a_whole_when_its_size_was_never_looked_at(
    command_store: CommandStore, database: Database
) -> None:
    # The server would look at them by itself sooner or later, and when it has much to do that is within this test.
    for table in await database.fetch("SELECT format('%I', tablename) FROM pg_tables WHERE schemaname = 'public'"):
        await database.execute(f"ALTER TABLE {table[0]} SET (autovacuum_enabled = off)")
    before = await read_as_a_whole(database)
    decided = (await command_store.apply(scenario.directory().read())).decided
    log = Log()
    # The server may use a generic plan after five executions of a statement.
    for batch in range(8):
        _mixed(log, str(batch), 2)
        decided += (await command_store.apply(log.read())).decided
    await command_store.close()

    async def counted() -> bool:
        # A session reports its counts when it ends, which takes a moment.
        found = await database.fetchval("SELECT n_tup_ins FROM pg_stat_user_tables WHERE relname = 'inbox'")
        return bool(found == decided)

    await eventually(counted, deadline=30, what="the counts of the store's session")
    assert await read_as_a_whole(database) == before


async def test_nothing_is_written_when_the_decision_fails(settings: Settings, database: Database) -> None:
    def broken(_commands: Sequence[Command], _world: World) -> tuple[Sequence[Decision | Repeat], World]:
        raise ZeroDivisionError

    store = CommandStore(settings, TOPICS, origin=ORIGIN, held=lambda: ALL, decide=broken)
    with pytest.raises(ZeroDivisionError):
        await store.apply(scenario.directory().read())
    await store.close()

    assert await database.fetchval("SELECT count(*) FROM offset_mark") == 0
    assert await database.fetchval("SELECT count(*) FROM inbox") == 0


async def test_one_decides_when_two_own_a_partition(settings: Settings) -> None:
    stores = [CommandStore(settings, TOPICS, origin=ORIGIN) for _ in range(2)]
    await stores[0].apply(scenario.directory().read())
    log = Log()
    for number in range(20):
        scenario.create_group(log, f"c{number}", f"group-{number}")

    answers = await asyncio.gather(*(store.apply(log.read(start=0)) for store in stores))

    assert sorted((applied.decided, applied.skipped) for applied in answers) == [(0, 20), (20, 0)]
    for store in stores:
        await store.close()


@pytest.mark.parametrize("setting_back", ["UPDATE offset_mark SET next_offset = 0", "DELETE FROM offset_mark"])
async def test_a_race_is_reported_when_the_database_was_set_back(
    command_store: CommandStore, database: Database, setting_back: str
) -> None:
    await command_store.apply(scenario.directory().read())
    log = Log()
    scenario.create_group(log, "c0", "group-0")
    await command_store.apply(log.read())
    scenario.create_group(log, "c1", "group-1")
    await database.execute(setting_back)

    with pytest.raises(StoreRace, match="behind"):
        await command_store.apply(log.read(), reached={(log.topic, log.partition): 1})


async def test_versions_have_no_gap_when_two_writers_put_the_same_role(settings: Settings, database: Database) -> None:
    stores = [CommandStore(settings, TOPICS, origin=ORIGIN, held=lambda: ALL) for _ in range(2)]
    logs = [Log(TOPICS.operator_commands, number, f"/operator/{number}") for number in range(2)]
    for turn in range(10):
        for number, log in enumerate(logs):
            log.send(f"r{turn}", "role.put", "producer", {"displayName": f"Producer {turn} of {number}"})
        await asyncio.gather(*(store.apply(log.read()) for store, log in zip(stores, logs, strict=True)))

    events = [m for m in await stored_messages(database) if m.aggregatetype == "directory"]
    assert [json.loads(m.payload or b"")["role"]["version"] for m in events] == list(range(1, 21))
    for store in stores:
        await store.close()


async def test_what_a_lock_protects_is_read_after_the_lock_is_granted(
    command_store: CommandStore, database: Database
) -> None:
    await command_store.apply(scenario.directory().read())
    log = Log()
    scenario.create_group(log, "c0", "group-0")
    scenario.create_code(log, "c1", "pc:16", "301-008578")
    await command_store.apply(log.read())
    log.send("c2", "group.remove-producer-code", "group-0", {"producerCode": {"id": "pc:16"}})
    transaction = database.transaction()
    await transaction.start()
    await database.execute("SELECT FROM registry_group WHERE id = 'group-0' FOR UPDATE")
    await database.execute(_ASSOCIATION)
    racing = asyncio.create_task(command_store.apply(log.read()))
    await eventually(partial(_waits_for_lock, database), what="a waiting lock")
    await transaction.commit()

    [event, _] = (await racing).messages
    assert event.type == "producer-registry.group.producer-code-removed.v1"
    assert await database.fetchval("SELECT count(*) FROM group_producer_code") == 0


async def test_a_race_is_reported_when_another_writer_takes_the_code_string_meanwhile(
    command_store: CommandStore, database: Database
) -> None:
    await command_store.apply(scenario.directory().read())
    log = Log()
    scenario.create_code(log, "c1", "pc:16", "301-008578")
    transaction = database.transaction()
    await transaction.start()
    await database.execute(_OTHER_CODE)
    racing = asyncio.create_task(command_store.apply(log.read(start=0)))
    await eventually(partial(_waits_for_lock, database), what="a waiting lock")
    await transaction.commit()

    with pytest.raises(StoreRace):
        await racing
    again = await command_store.apply(log.read(start=0))

    assert b"code-taken" in (again.messages[0].payload or b"")


@pytest.mark.parametrize("held", [frozenset(range(SHARDS // 2)), ALL], ids=["half", "all"])
async def test_other_relays_are_notified_only_when_they_publish_messages_of_the_batch(
    settings: Settings, database: Database, held: frozenset[int]
) -> None:
    notified: asyncio.Queue[object] = asyncio.Queue()
    await database.add_listener("producer_registry_outbox", lambda *_: notified.put_nowait("batch"))
    await database.add_listener("end", lambda *_: notified.put_nowait("end"))
    store = CommandStore(settings, TOPICS, origin=ORIGIN, held=lambda: held)

    applied = await store.apply(scenario.directory().read())
    await database.execute('NOTIFY "end"')

    async with asyncio.timeout(30):
        first = await notified.get()
    assert {m.shard for m in applied.messages} - frozenset(range(SHARDS // 2)), "the story has both halves"
    assert first == ("end" if held == ALL else "batch")
    await store.close()


async def test_all_messages_of_a_batch_are_in_the_outbox_in_frames_of_one_shard_and_topic(
    command_store: CommandStore, database: Database
) -> None:
    applied = await command_store.apply(scenario.directory().read())

    messages = [*applied.messages, *applied.states]
    assert applied.states
    assert await stored_messages(database) == messages
    frames = await database.fetch("SELECT shard, topic, messages, raw_bytes, created_at FROM outbox_frame")
    assert sum(frame["messages"] for frame in frames) == len(messages)
    assert {(frame["shard"], frame["topic"]) for frame in frames} == {(m.shard, m.topic) for m in messages}
    assert all(0 < frame["raw_bytes"] <= FRAME_BYTES and frame["created_at"] for frame in frames)


async def test_a_defect_is_reported_when_the_database_rejects_the_rows(
    command_store: CommandStore, database: Database
) -> None:
    await database.execute("ALTER TABLE organization ADD CHECK (id <> 'pc:4')")

    with pytest.raises(StoreDefect, match="CheckViolation"):
        await command_store.apply(scenario.directory().read())


async def test_the_rows_are_named_at_fault_when_an_event_is_longer_than_its_topic_takes(
    settings: Settings, database: Database
) -> None:
    small = settings.model_copy(update={"max_body_bytes": 1024})
    store = CommandStore(small, TOPICS, origin=ORIGIN, held=lambda: ALL)
    await store.apply(scenario.directory().read())
    await database.execute(
        "INSERT INTO registry_group SELECT 'pc:669', 'region', '\"West\"', 'pc:4', array_agg('prd_' || n), 0, 1"
        " FROM generate_series(1, 250000) AS n"
    )
    log = Log(TOPICS.operator_commands, 1)
    log.send("c1", "group.grant-product", "pc:669", {"product_id": "prd_1"})
    log.send("c2", "group.revoke-product", "pc:669", {"product_id": "prd_1"})

    with pytest.raises(StoreDefect, match="of pc:669 is longer than its topic takes"):
        await store.apply(log.read())
    await store.close()


async def test_unavailable_is_named_when_the_session_is_cut_in_a_batch(
    command_store: CommandStore, database: Database
) -> None:
    transaction = database.transaction()
    await transaction.start()
    await database.execute("LOCK TABLE inbox")
    log = scenario.directory()
    cut = asyncio.create_task(command_store.apply(log.read(start=0)))
    await eventually(partial(_waits_for_lock, database), what="a waiting lock")
    await database.execute(f"SELECT pg_terminate_backend(pid) FROM ({WAITING}) AS waiting")  # noqa: S608  # a constant
    with pytest.raises(StoreUnavailable):
        await cut
    await transaction.rollback()

    applied = await command_store.apply(log.read(start=0))

    assert applied.decided == len(log.records)
