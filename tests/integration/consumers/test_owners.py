"""Shards move between processes: the new owner knows the held messages, the old one publishes nothing more."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack

import pytest

from consumers.relay import held_retry
from consumers.relay.report import Report
from service.contract.message import Message
from service.settings import Settings
from service.store import held_store, outbox_store
from service.store.frame_row import CHUNK_MESSAGES
from service.store.pool import Connection as Database
from tests.integration.consumers.process import Broker, Process, takes_all
from tests.integration.consumers.test_refusals import RETRY, held, in_order, nothing_held, refuse
from tests.integration.consumers.test_relay import arrived, empty, held_all, operator_log, puts
from tests.support.wait import eventually

RELAYS = (
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'producer-registry relay'"
    " AND datname = current_database()"
)


@pytest.fixture(autouse=True)
def no_try_without_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prevent retries of held messages by time."""
    monkeypatch.setattr(held_retry, "RETRY_SECONDS", 1000.0)


async def relay_sessions(database: Database) -> set[int]:
    return {row["pid"] for row in await database.fetch(RELAYS)}


async def end_sessions(database: Database, sessions: set[int]) -> None:
    for pid in sessions:
        await database.execute("SELECT pg_terminate_backend($1)", pid)


def delay_connect(process: Process) -> asyncio.Event:
    """Delay the next session of a relay until the event is set."""
    gate, connect = asyncio.Event(), process.relay._connect

    async def connect_late() -> None:
        await gate.wait()
        await connect()

    process.relay._connect = connect_late  # type: ignore[method-assign]
    return gate


@pytest.mark.parametrize("end", ["stopped", "killed", "session ended"])
@pytest.mark.parametrize("kind", ["record with key", "topic"])
async def test_a_new_owner_publishes_held_messages_before_later_ones_of_the_key(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch, end: str, kind: str
) -> None:
    # The held messages take several pages.
    monkeypatch.setattr(held_store, "HELD_ROWS", 1)
    broker, log = Broker(), operator_log()
    refuse(broker, kind)
    one, two, writer = (Process(settings, broker) for _ in range(3))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(writer.store.close)
        one.start()
        await held_all(one)
        sessions = await relay_sessions(database)
        puts(log, 15)
        await one.apply(log.read())
        await eventually(lambda: held(database), what="held messages")
        await eventually(lambda: empty(database), what="an empty outbox")
        if end == "stopped":
            await one.stop()
        else:
            await one.kill()
        if end == "session ended":
            await end_sessions(database, sessions)
        puts(log, 15)
        await writer.apply(log.read())
        broker.refuses = takes_all
        await stack.enter_async_context(two.running())
        await arrived(broker, 60)
        await eventually(lambda: nothing_held(database), what="an empty table of held messages")
    for subject in range(3):
        assert broker.versions(f"pc:{subject}") == [str(version) for version in range(1, 11)]
    assert len(broker.delivered) == 60
    in_order(broker.delivered)


async def test_a_relay_without_a_session_publishes_nothing_of_shards_of_another_relay(
    settings: Settings, database: Database
) -> None:
    broker, log = Broker(), operator_log()
    one, two, writer = (Process(settings, broker) for _ in range(3))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(writer.store.close)
        await stack.enter_async_context(one.running())
        await held_all(one)
        sessions = await relay_sessions(database)
        # The second relay takes every shard before the first one has a session again.
        gate = delay_connect(one)
        await end_sessions(database, sessions)
        await stack.enter_async_context(two.running())
        await held_all(two)
        # Both may publish from now on; the second one is slow, and its membership still has one relay.
        two.publisher.gate.clear()
        puts(log, 30)
        await writer.apply(log.read())
        two_owns = two.relay.shards
        delivered_by_one: list[int] = []
        send = one.publisher.send

        async def watched(messages: Sequence[Message]) -> Report:
            delivered_by_one.extend(m.position for m in messages if m.shard in two.relay.shards)
            return await send(messages)

        one.publisher.send = watched  # type: ignore[method-assign]
        gate.set()
        await eventually(lambda: one.health.readiness() == {"relay": None} or delivered_by_one, what="a session")
        puts(log, 30)
        await writer.apply(log.read())
        await eventually(lambda: relay_sessions(database))
        two.publisher.gate.set()
        await arrived(broker, 120)
        await eventually(lambda: empty(database), what="an empty outbox")
        assert two_owns == frozenset(range(16))
        assert delivered_by_one == []
    assert len(broker.delivered) == 120
    in_order(broker.delivered)


async def test_a_relay_without_a_session_retries_nothing_of_shards_of_another_relay(
    settings: Settings, database: Database
) -> None:
    broker, log = Broker(), operator_log()
    refuse(broker, "record with key")
    one, two = Process(settings, broker), Process(settings, broker)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(one.running())
        await held_all(one)
        sessions = await relay_sessions(database)
        puts(log, 15)
        await one.apply(log.read())
        await eventually(lambda: held(database), what="held messages")
        await eventually(lambda: empty(database), what="an empty outbox")
        gate = delay_connect(one)
        await end_sessions(database, sessions)
        await stack.enter_async_context(two.running())
        await held_all(two)
        # While it retries held messages, the second relay releases no shard.
        two.held_publisher.gate.clear()
        await database.execute(RETRY)
        await eventually(two.relay._held_retry.lock.locked, what="a try")
        before = len(broker.delivered)
        broker.refuses = takes_all
        trying, called = one.relay._held_retry, asyncio.Event()
        retry_now = trying.retry_now

        def watched() -> None:
            retry_now()
            called.set()

        trying.retry_now = watched  # type: ignore[method-assign]
        gate.set()

        async def notified() -> bool:
            await database.execute(RETRY)
            return called.is_set()

        await eventually(notified, what="a session of the first relay")
        await eventually(
            lambda: not trying._scheduled.is_set() and not trying.lock.locked(), what="the end of the retry"
        )
        assert (len(broker.delivered), one.relay.shards) == (before, frozenset())
        two.held_publisher.gate.set()
        await arrived(broker, 30)
        await eventually(lambda: nothing_held(database), what="an empty table of held messages")
    assert len(broker.delivered) == 30
    in_order(broker.delivered)


@pytest.mark.parametrize("through", [0, 1, 40])
async def test_a_kill_repeats_no_more_than_a_chunk_when_a_refusal_is_not_settled(
    settings: Settings, database: Database, through: int
) -> None:
    broker, log = Broker(), operator_log()
    affected = refuse(broker, "record with key")
    one, two = Process(settings, broker), Process(settings, broker)
    messages: list[Message] = []
    for _ in range(100):
        puts(log, 15)
        messages += (await one.apply(log.read())).messages
    one.publisher.die_after = CHUNK_MESSAGES // 2 + through
    one.start()
    await one.publisher.dead.wait()
    await one.kill()
    before = Counter(broker.ids())
    async with two.running():
        await eventually(lambda: empty(database), what="an empty outbox")
        expected = {m.position for m in messages if affected(m)}
        await eventually(lambda: held(database), what="held messages")
        assert await held(database) == expected
        broker.refuses = takes_all
        await database.execute(RETRY)
        await eventually(lambda: len(set(broker.ids())) == len(messages), what="all messages")
        await eventually(lambda: nothing_held(database), what="an empty table of held messages")
    assert max(before.values()) == 1
    assert len(broker.delivered) - len(messages) <= CHUNK_MESSAGES
    assert set(Counter(broker.ids()).values()) <= {1, 2}


async def test_nothing_is_sent_again_when_a_process_is_stopped_while_it_releases_held_messages(
    settings: Settings, database: Database
) -> None:
    broker, log = Broker(), operator_log()
    refuse(broker, "record with key")
    one, two = Process(settings, broker), Process(settings, broker)
    one.start()
    await held_all(one)
    puts(log, 15)
    await one.apply(log.read())
    await eventually(lambda: held(database), what="held messages")
    await eventually(lambda: empty(database), what="an empty outbox")
    answer, sent = asyncio.Event(), asyncio.Event()
    send = one.held_publisher.send

    async def send_slowly(messages: Sequence[Message]) -> Report:
        report = await send(messages)
        if report.sent:
            sent.set()
            await answer.wait()
        return report

    one.held_publisher.send = send_slowly  # type: ignore[method-assign]
    broker.refuses = takes_all
    await database.execute(RETRY)
    await asyncio.wait_for(sent.wait(), 30)
    one.relay.stop()
    # The loop for new messages ends before the broker answers.
    asyncio.get_running_loop().call_later(0.2, answer.set)
    await one.stop()
    async with two.running():
        await held_all(two)
        await eventually(lambda: nothing_held(database), what="an empty table of held messages")
    assert len(broker.delivered) == 30
    in_order(broker.delivered)


async def test_the_rest_of_a_chunk_is_sent_when_it_was_abandoned_with_its_shards(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_store, "CHUNK_MESSAGES", 30)
    broker, log = Broker(), operator_log()
    one, two = Process(settings, broker), Process(settings, broker)
    for _ in range(8):
        puts(log, 15)
        await one.apply(log.read())
    # The first chunk is settled, so the outbox is known to be complete. The second one fails within a frame.
    one.publisher.failures = [1000, 7, *[0] * 10_000]
    async with one.running():
        await eventually(lambda: len(one.publisher.failures) < 10_000, what="an outage")
        async with two.running():
            await eventually(lambda: len(one.relay.shards) == len(two.relay.shards) == 8, what="halves")
            one.publisher.failures.clear()
            await arrived(broker, 240)
            await eventually(lambda: empty(database), what="an empty outbox")
    assert len(broker.delivered) == 240
    in_order(broker.delivered)
