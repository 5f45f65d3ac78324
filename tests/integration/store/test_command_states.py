"""What became of commands: the outcome in the inbox, and the offset mark of the topic as it is now."""

from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import orjson
import pytest

from service.settings import Settings
from service.store.command_states import CommandState, SentCommand, command_states
from service.store.command_store import CommandStore
from service.store.offset_fence import Origin
from service.store.pool import Pool, create_pool
from service.store.waiting_command import WaitPolicy
from service.store.waiting_store import WaitingStore
from tests.integration.store.conftest import ALL, ORIGIN
from tests.support import scenario
from tests.support.record import TOPICS, Log


@pytest.fixture
async def pool(settings: Settings) -> AsyncIterator[Pool]:
    pool = await create_pool(settings, "test")
    yield pool
    await pool.connections.close()


async def states(pool: Pool, *sent: SentCommand, origin: Origin | None = ORIGIN) -> list[tuple[str | None, bool]]:
    """Return status and `passed` of each command."""
    return [(state.status, state.passed) for state in await command_states(pool, sent, TOPICS, origin)]


async def test_states_are_in_the_order_of_the_commands(command_store: CommandStore, pool: Pool) -> None:
    await command_store.apply(scenario.directory().read())
    log = Log()
    scenario.create_code(log, "new", "pc:16", "301-008578")
    scenario.create_code(log, "same", "pc:16", "301-008578")
    scenario.create_code(log, "taken", "pc:17", "301-008578")
    log.append(b"key", b"{", ())
    await command_store.apply(log.read())

    sent = [SentCommand("/upstream", name, 0, n) for n, name in enumerate(["new", "same", "taken", "dead", "next"])]
    found = await command_states(pool, [*reversed(sent), SentCommand("/other", "new")], TOPICS, ORIGIN)
    assert [(state.status, state.passed) for state in found] == [
        (None, False),
        (None, True),
        ("rejected", True),
        ("unchanged", True),
        ("accepted", True),
        (None, False),
    ]
    assert orjson.loads(found[4].outcome or b"")["command"]["id"] == "new"
    assert found[0] == CommandState(None, None, passed=False)


async def test_an_id_without_an_offset_has_a_state_only_in_the_inbox(command_store: CommandStore, pool: Pool) -> None:
    log = scenario.directory()
    await command_store.apply(log.read())
    known = next(parsed.command.id for parsed in log.read(0) if hasattr(parsed, "command"))
    assert await states(pool, SentCommand(log.source, known), SentCommand(log.source, "unknown")) == [
        ("accepted", False),
        (None, False),
    ]


async def test_a_command_of_the_command_topic_comes_before_one_of_the_operator(
    command_store: CommandStore, pool: Pool
) -> None:
    operator, log = Log(TOPICS.operator_commands), Log()
    operator.send("one", "organization.put", "pc:1", {"displayName": "One"})
    await command_store.apply(operator.read())
    assert await states(pool, SentCommand("/upstream", "one")) == [("accepted", False)]
    log.send("one", "user.update", "nobody", {})
    await command_store.apply(log.read())
    assert await states(pool, SentCommand("/upstream", "one")) == [("rejected", False)]


async def test_a_command_that_waits_is_not_passed_until_it_is_decided(
    settings: Settings, pool: Pool, database: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    policy = WaitPolicy(3600.0, 10)
    store = CommandStore(settings, TOPICS, origin=ORIGIN, held=lambda: ALL, policy=policy)
    waiting = WaitingStore(settings, TOPICS, origin=ORIGIN, held=lambda: ALL, policy=policy)
    await store.apply(scenario.directory().read())
    log = Log()
    scenario.create_group(log, "missing", "pc:669", "nobody")
    log.append(b"key", b"{", ())
    await store.apply(log.read())
    sent = [
        SentCommand("/upstream", "missing", 0, 0),
        SentCommand("/upstream", "missing"),
        SentCommand("/other", "x", 0, 1),
    ]
    assert [(s.passed, s.waits) for s in await command_states(pool, sent, TOPICS, ORIGIN)] == [
        (False, True),
        (False, True),
        (True, False),
    ]
    await database.execute("UPDATE waiting_command SET deadline = now()")
    await waiting.decide(await waiting.due(), 10)
    assert [(s.status, s.waits) for s in await command_states(pool, sent, TOPICS, ORIGIN)] == [
        ("rejected", False),
        ("rejected", False),
        (None, False),
    ]
    for one in (store, waiting):
        await one.close()


async def test_marks_of_another_topic_with_the_same_name_do_not_count(command_store: CommandStore, pool: Pool) -> None:
    log = Log()
    log.append(b"key", b"{", ())
    await command_store.apply(log.read())
    dead = SentCommand("/upstream", "dead", 0, 0)
    assert await states(pool, dead) == [(None, True)]
    recreated = {**ORIGIN.topic_ids, TOPICS.commands: "recreated"}
    assert await states(pool, dead, origin=replace(ORIGIN, topic_ids=recreated)) == [(None, False)]
    assert await states(pool, dead, origin=replace(ORIGIN, cluster_id="another")) == [(None, False)]
    assert await states(pool, dead, origin=None) == [(None, False)]
    assert await states(pool, replace(dead, partition=1)) == [(None, False)]
