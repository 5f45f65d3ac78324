"""Refused messages are held, other messages are published, and at the end all are published in order."""

from collections import defaultdict
from collections.abc import Callable
from zlib import crc32

import pytest

from consumers.relay import held_retry
from consumers.relay.refusal import Refusal
from service.contract.message import Message
from service.settings import Settings
from service.store.pool import Connection as Database
from tests.integration.consumers.process import Broker, Process, takes_all
from tests.integration.consumers.test_relay import arrived, empty, held_all, operator_log, puts
from tests.support.outbox import stored_messages
from tests.support.record import TOPICS, Log
from tests.support.wait import eventually

FORBIDDEN = Refusal("topic", "TOPIC_AUTHORIZATION_FAILED")
LATE = Refusal("partition", "NOT_ENOUGH_REPLICAS")
INVALID = Refusal("record", "INVALID_RECORD")

RETRY = "NOTIFY producer_registry_outbox, 'retry'"
RELOAD = "NOTIFY producer_registry_outbox, 'reload'"


@pytest.fixture(autouse=True)
def no_try_without_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prevent retries of held messages by time."""
    monkeypatch.setattr(held_retry, "RETRY_SECONDS", 1000.0)


def partition_of(message: Message) -> int:
    return crc32(message.key or b"") % 2


KINDS: dict[str, tuple[Refusal, Callable[[Message], bool]]] = {
    "topic": (FORBIDDEN, lambda m: m.topic == TOPICS.directory_events),
    "partition": (LATE, lambda m: m.topic == TOPICS.directory_events and partition_of(m) == 0),
    "record without key": (INVALID, lambda m: m.topic == TOPICS.dead_letters and m.key is None),
    "record with key": (INVALID, lambda m: m.topic == TOPICS.directory_events and m.key == b"pc:0"),
}


def refuse(broker: Broker, kind: str) -> Callable[[Message], bool]:
    """Let the broker refuse messages. Return a function that tells which."""
    refusal, affected = KINDS[kind]
    broker.refuses = lambda message: refusal if affected(message) else None
    return affected


def write(log: Log) -> None:
    """Append changes of three organizations, and records that are not commands, with and without a key."""
    puts(log, 12)
    for key in (None, b"dead", None):
        log.append(key, b"nothing", ())


def in_order(messages: list[Message]) -> None:
    """Check that each key of a topic is delivered once, in the order of positions."""
    by_key: dict[tuple[str, bytes | None], list[int]] = defaultdict(list)
    for message in messages:
        if message.key is not None:
            by_key[message.topic, message.key].append(message.position)
    assert all(actual == sorted(set(actual)) for actual in by_key.values())
    assert len({message.position for message in messages}) == len(messages)


async def held(database: Database) -> set[int]:
    return {message.position for message in await stored_messages(database, "outbox_held")}


async def nothing_held(database: Database) -> bool:
    return not await held(database)


@pytest.mark.parametrize("kind", KINDS)
async def test_only_refused_messages_wait_and_are_published_in_order_when_the_broker_accepts_them(
    settings: Settings, database: Database, kind: str
) -> None:
    broker, log, messages = Broker(), operator_log(), list[Message]()
    affected = refuse(broker, kind)
    async with Process(settings, broker).running() as process:
        await held_all(process)
        for _ in range(3):
            write(log)
            messages += (await process.apply(log.read())).messages
            expected = {m.position for m in messages if affected(m)}
            await eventually(lambda: held(database), what="held messages")
            await arrived(broker, len(messages) - len(expected))
            await eventually(lambda: empty(database), what="an empty outbox")
            assert await held(database) == expected
        assert {m.position for m in broker.delivered} == {m.position for m in messages if not affected(m)}
        # The relay reports both when it has read the answer to its commit.
        await eventually(lambda: process.health.readiness() == {"relay": None}, what="readiness")
        await eventually(lambda: KINDS[kind][0].reason in process.health.notes().get("relay", ""))
        await eventually(
            lambda: f"{len(expected)} messages" in process.health.notes().get("relay", ""), what="their number"
        )
        broker.refuses = takes_all
        await database.execute(RETRY)
        await eventually(lambda: len(broker.delivered) == len(messages), what="all messages")
        await eventually(lambda: nothing_held(database), what="an empty table of held messages")
        await eventually(lambda: process.health.notes() == {})
        write(log)
        messages += (await process.apply(log.read())).messages
        await eventually(lambda: len(broker.delivered) == len(messages), what="the new messages")
    in_order(broker.delivered)
    assert await nothing_held(database)


async def test_a_corrupt_frame_and_later_messages_wait_until_it_is_discarded(
    settings: Settings, database: Database
) -> None:
    broker, log, messages = Broker(), operator_log(), list[Message]()
    writer = Process(settings, broker)
    for _ in range(3):
        write(log)
        messages += (await writer.apply(log.read())).messages
    bad = await database.fetchrow(
        "UPDATE outbox_frame SET value = set_byte(value, 12, 1 - get_byte(value, 12) % 2) WHERE position ="
        " (SELECT min(position) FROM outbox_frame WHERE topic = $1) RETURNING position, shard, messages",
        TOPICS.directory_events,
    )
    assert bad is not None
    same = [m for m in messages if m.topic == TOPICS.directory_events and m.shard == bad["shard"]]
    lost = {m.position for m in same[: bad["messages"]]}
    async with Process(settings, broker).running() as process:
        await eventually(lambda: len(broker.delivered) == len(messages) - len(same), what="the other messages")
        await eventually(lambda: empty(database), what="an empty outbox")
        write(log)
        messages += (await process.apply(log.read())).messages
        await eventually(lambda: "the frame is corrupt" in process.health.notes().get("relay", ""))
        await eventually(lambda: empty(database), what="an empty outbox")
        await database.execute("DELETE FROM outbox_held WHERE position = $1", bad["position"])
        await database.execute(RELOAD)
        await eventually(lambda: len(broker.delivered) == len(messages) - len(lost), what="all but the corrupt frame")
        await eventually(lambda: nothing_held(database), what="an empty table of held messages")
    assert {m.position for m in broker.delivered} == {m.position for m in messages} - lost
    in_order(broker.delivered)
    await writer.store.close()


async def test_a_key_is_free_when_its_held_messages_were_discarded(settings: Settings, database: Database) -> None:
    broker, log = Broker(), operator_log()
    refuse(broker, "record with key")
    async with Process(settings, broker).running() as process:
        await held_all(process)
        puts(log, 3)
        await process.apply(log.read())
        await eventually(lambda: held(database))
        await database.execute("DELETE FROM outbox_held")
        await database.execute(RELOAD)
        await eventually(lambda: process.health.notes() == {})
        broker.refuses = takes_all
        puts(log, 3)
        await process.apply(log.read())
        await eventually(lambda: broker.versions("pc:0") == ["2"])


async def test_nothing_is_held_during_an_outage(settings: Settings, database: Database) -> None:
    broker, log = Broker(), operator_log()
    async with Process(settings, broker).running() as process:
        await held_all(process)
        process.publisher.failures = [0, 5, 0, 3] * 3
        for _ in range(4):
            write(log)
            await process.apply(log.read())
        await eventually(lambda: len(process.publisher.failures) < 6, what="outages")
        assert await nothing_held(database)
        process.publisher.failures.clear()
        await eventually(lambda: len(broker.delivered) == 4 * (24 + 3))
    in_order(broker.delivered)
    assert await database.fetchval("SELECT n_tup_ins FROM pg_stat_user_tables WHERE relname = 'outbox_held'") == 0


async def test_readiness_names_the_refusal_when_no_partition_accepts_messages(
    settings: Settings, database: Database
) -> None:
    broker, log, messages = Broker(), operator_log(), list[Message]()
    broker.refuses = lambda _: LATE
    async with Process(settings, broker).running() as process:
        await held_all(process)

        puts(log, 15)
        messages.extend((await process.apply(log.read())).messages)
        trouble = {"relay": "the broker refuses all messages: NOT_ENOUGH_REPLICAS"}
        await eventually(lambda: process.health.readiness() == trouble, what="trouble")
        assert await nothing_held(database), "it may be an outage"
        broker.refuses = takes_all
        await eventually(lambda: len(broker.delivered) == len(messages))
        await eventually(lambda: process.health.readiness() == {"relay": None})
    in_order(broker.delivered)
