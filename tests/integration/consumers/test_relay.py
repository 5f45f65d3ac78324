"""The relay with a real outbox and a broker that fails on demand."""

import asyncpg
import pytest

from service.settings import Settings
from tests.integration.consumers.process import Broker, Process
from tests.support.record import TOPICS, Log
from tests.support.wait import eventually


async def rows(database: "asyncpg.Connection[asyncpg.Record]") -> int:
    count: int = await database.fetchval("SELECT count(*) FROM outbox_frame")
    return count


def puts(log: Log, count: int, subjects: int = 3) -> None:
    """Append changes of a few organizations; each has an event and an outcome."""
    for number in range(count):
        data = {"displayName": f"Turn {len(log.records)}"}
        log.send(f"put-{len(log.records)}", "organization.put", f"pc:{number % subjects}", data)


def operator_log(partition: int = 0) -> Log:
    return Log(TOPICS.operator_commands, partition, f"/operator/{partition}")


async def arrived(broker: Broker, count: int) -> None:
    """Wait for this many messages."""
    try:
        await eventually(lambda: len(broker.delivered) >= count)
    except AssertionError:
        pytest.fail(f"{len(broker.delivered)} of {count} messages were published")


async def held_all(process: Process) -> None:
    await eventually(lambda: len(process.relay.shards) == 16, what="all shards")


async def test_messages_of_batches_are_published_once_in_order_and_deleted(
    settings: Settings, database: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    broker, log = Broker(), operator_log()
    async with Process(settings, broker).running() as process:
        await held_all(process)
        for _ in range(5):
            puts(log, 30)
            await process.apply(log.read())
        await arrived(broker, 300)
        await eventually(lambda: empty(database), what="an empty outbox")
    assert len(set(broker.ids())) == 300
    assert broker.versions("pc:0") == [str(version) for version in range(1, 51)]


async def empty(database: "asyncpg.Connection[asyncpg.Record]") -> bool:
    """Return whether the outbox has no row."""
    return await rows(database) == 0


async def test_existing_rows_are_published_first(settings: Settings) -> None:
    broker, log = Broker(), operator_log()
    before = Process(settings, broker)
    puts(log, 30)
    await before.apply(log.read())
    await before.store.close()
    async with Process(settings, broker).running() as process:
        puts(log, 30)
        await process.apply(log.read())
        await arrived(broker, 120)
    assert broker.versions("pc:1") == [str(version) for version in range(1, 21)]


async def test_rows_of_a_process_without_relay_are_published_by_another(settings: Settings) -> None:
    broker, log = Broker(), operator_log()
    writer = Process(settings, broker)
    async with Process(settings, broker).running() as process:
        await held_all(process)
        for _ in range(3):
            puts(log, 9)
            await writer.apply(log.read())
        await arrived(broker, 54)
    assert len(broker.delivered) == len(set(broker.ids())) == 54
    assert broker.versions("pc:2") == [str(version) for version in range(1, 10)]
    await writer.store.close()


@pytest.mark.parametrize("through", [0, 1, 17])
async def test_nothing_is_lost_or_sent_twice_when_the_broker_fails_within_a_chunk(
    settings: Settings, database: "asyncpg.Connection[asyncpg.Record]", through: int
) -> None:
    broker, log = Broker(), operator_log()
    async with Process(settings, broker).running() as process:
        await held_all(process)
        process.publisher.failures = [through, 0, through]
        for _ in range(4):
            puts(log, 30)
            await process.apply(log.read())
        await arrived(broker, 240)
        await eventually(lambda: empty(database), what="an empty outbox")
        # The relay reports it when it has read the answer to its commit.
        await eventually(lambda: process.health.readiness() == {"relay": None}, what="readiness")
    assert len(set(broker.ids())) == 240
    for subject in range(3):
        assert broker.versions(f"pc:{subject}") == [str(version) for version in range(1, 41)]


async def test_readiness_names_an_outage_of_the_broker(settings: Settings) -> None:
    broker, log = Broker(), operator_log()
    async with Process(settings, broker).running() as process:
        await held_all(process)
        process.publisher.failures = [0] * 1000
        puts(log, 3)
        await process.apply(log.read())
        await eventually(lambda: "the broker is away" in str(process.health.readiness()["relay"]))
        process.publisher.failures = []
        await eventually(lambda: process.health.readiness() == {"relay": None})
    assert len(broker.delivered) == 6


async def test_the_relay_reconnects_and_sends_nothing_twice_when_its_session_is_killed(
    settings: Settings, database: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    broker, log = Broker(), operator_log()
    async with Process(settings, broker).running() as process:
        await held_all(process)
        for lock in range(4):
            puts(log, 30)
            await process.apply(log.read())
            if lock == 1:
                await arrived(broker, 120)
                await database.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = 'producer-registry relay' AND datname = current_database()"
                )
        await arrived(broker, 240)
        await eventually(lambda: empty(database), what="an empty outbox")
    assert len(broker.delivered) == len(set(broker.ids())) == 240
    assert broker.versions("pc:0") == [str(version) for version in range(1, 41)]


async def test_two_relays_share_the_shards_and_the_remaining_one_takes_all(settings: Settings) -> None:
    broker, logs = Broker(), [operator_log(number) for number in range(2)]
    async with Process(settings, broker).running() as one:
        await held_all(one)
        async with Process(settings, broker).running() as two:
            await eventually(lambda: len(one.relay.shards) == len(two.relay.shards) == 8, what="halves")
            assert not one.relay.shards & two.relay.shards
            for _ in range(6):
                for process, log in zip((one, two), logs, strict=True):
                    puts(log, 30)
                    await process.apply(log.read())
            await arrived(broker, 720)
        await held_all(one)
        puts(logs[0], 30)
        await one.apply(logs[0].read())
        await arrived(broker, 780)
    assert len(broker.delivered) == len(set(broker.ids())) == 780
    for subject in range(3):
        assert broker.versions(f"pc:{subject}") == [str(version) for version in range(1, 131)]


async def test_all_messages_of_the_chunk_are_sent_and_deleted_at_shutdown(
    settings: Settings, database: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    broker, log = Broker(), operator_log()
    async with Process(settings, broker).running() as process:
        await held_all(process)
        process.publisher.gate.clear()
        puts(log, 30)
        await process.apply(log.read())
        puts(log, 30)
        await process.apply(log.read())
        process.relay.stop()
        process.publisher.gate.set()
    assert len(set(broker.ids())) == len(broker.delivered) == 120
    assert await rows(database) == 0
