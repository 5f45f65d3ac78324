"""Requests of operators to a running relay: retry held messages at once, and forget discarded ones."""

import asyncio
from dataclasses import replace

import pytest

from consumers.relay import held_retry
from consumers.relay.refusal import Refusal
from service.contract.message import SHARDS, Message
from service.settings import Settings
from service.store.lock import SHARD_CLASS
from service.store.outbox_admin import Selection, discard, retry
from service.store.outbox_listing import Count, listed
from service.store.pool import Connection, connect
from tests.integration.consumers.process import Broker, Process, takes_all
from tests.support.database import WAITING
from tests.support.outbox import TOPIC, frame, hold_frame, message, put, stored_messages
from tests.support.wait import eventually

REFUSAL = Refusal("topic", "UNKNOWN_TOPIC_OR_PARTITION")


@pytest.fixture(autouse=True)
def no_own_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the relay wait for an hour between its own retries."""
    monkeypatch.setattr(held_retry, "RETRY_SECONDS", 3600.0)


async def refused_twice(process: Process, broker: Broker) -> list[int]:
    """Let the broker refuse all messages until they are held and retried once. Return the tried positions."""
    tried: list[int] = []

    def refuses(one: Message) -> Refusal:
        tried.append(one.position)
        return REFUSAL

    broker.refuses = refuses
    process.relay.wake()
    await eventually(lambda: "held: 2 messages" in process.health.notes().get("relay", ""), what="held messages")
    await eventually(lambda: any(tried.count(position) > 1 for position in tried), what="the first retry")
    return tried


async def test_a_retry_has_held_messages_published_at_once(settings: Settings, database: Connection) -> None:
    broker = Broker()
    await put(database, message(1), message(2))
    async with Process(settings, broker).running() as process:
        await refused_twice(process, broker)
        broker.refuses = takes_all

        retried = await retry(settings)

        assert (retried.held.messages, retried.relays) == (2, 1)
        await eventually(lambda: broker.ids() == ["e1", "e2"], what="both messages")
        await eventually(lambda: process.health.notes() == {}, what="no more notes")
    assert await listed(settings) == ([], Count(0, 0))


async def test_messages_behind_discarded_ones_are_published(settings: Settings, database: Connection) -> None:
    broker = Broker()
    await put(database, message(1), message(2))
    async with Process(settings, broker).running() as process:
        await refused_twice(process, broker)
        await discard(settings, Selection(topic=TOPIC), "ana")
        broker.refuses = takes_all
        await eventually(lambda: process.health.notes() == {}, what="no more notes")

        await put(database, message(3))
        process.relay.wake()
        await eventually(lambda: broker.ids() == ["e3"], what="the message behind those that were discarded")
    assert [one.id for one in await stored_messages(database, "outbox_discarded")] == ["e1", "e2"]


async def test_messages_behind_a_discarded_corrupt_frame_are_published(
    settings: Settings, database: Connection
) -> None:
    broker = Broker()
    good = frame(message(1))
    bad = replace(good, value=b"\x07" + good.value[1:])
    async with Process(settings, broker).running() as process:
        await hold_frame(database, bad, "the frame is corrupt: its format is 7")
        await hold_frame(database, frame(message(2)), "the frame is corrupt: its format is 7")
        await retry(settings)
        await discard(settings, Selection((bad.position,)), "ana")

        await eventually(lambda: broker.ids() == ["e2"], what="the message behind the corrupt frame")
        await eventually(lambda: process.health.notes() == {}, what="no more notes")


async def test_a_relay_that_lost_its_shards_reports_no_held_messages(settings: Settings, database: Connection) -> None:
    broker = Broker()
    await put(database, message(1), message(2))
    async with Process(settings, broker).running() as process:
        await refused_twice(process, broker)
        taking = asyncio.create_task(
            database.execute("SELECT pg_advisory_lock($1, n) FROM generate_series(0, $2) AS n", SHARD_CLASS, SHARDS - 1)
        )
        other = await connect(settings, "test")
        try:
            waits = f"{WAITING} AND locktype = 'advisory'"
            await eventually(lambda: other.fetchval(waits), what="the other's wait for the shards")
            await other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'producer-registry relay' AND datname = current_database()"
            )
        finally:
            await other.close()
        await taking

        await eventually(lambda: not process.relay.shards, what="a relay without shards")
        await eventually(lambda: process.health.notes() == {}, what="no more notes")
