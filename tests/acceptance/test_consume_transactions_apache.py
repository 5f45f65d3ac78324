"""Senders with transactions: marks follow the consumer over records that are never delivered, and the lag ends at 0."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from tests.support.measured import measured
from tests.support.process import Service
from tests.support.program import program
from tests.support.registry import Registry
from tests.support.wait import eventually
from tests.support.wire import binary_event

KIND = "producer-registry.organization.put.v1"
SUBJECT = "sent:1"
LAG = "producer_registry_consumer_lag_records"


@pytest.fixture
async def sender(registry: Registry) -> AsyncIterator[AIOKafkaProducer]:
    """A producer with transactions."""
    bootstrap = str(registry.settings["kafka_bootstrap_servers"])
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=registry.topics.prefix) as sender:
        yield sender


async def put(registry: Registry, sender: AIOKafkaProducer, *ids: str) -> None:
    """Send commands of one subject in the transaction that is open."""
    for id_ in ids:
        attributes = {"specversion": "1.0", "id": id_, "source": "/test", "type": KIND, "subject": SUBJECT}
        value, headers = binary_event(attributes, {"displayName": id_})
        await sender.send_and_wait(registry.topics.operator_commands, value, key=b"key", headers=list(headers))


async def caught_up(registry: Registry, service: Service, database_url: str, *, behind: int = 0) -> None:
    """Wait until marks and committed offsets are this far from the end of the log, and the reported lag is 0."""
    topic = registry.topics.operator_commands
    bootstrap = str(registry.settings["kafka_bootstrap_servers"])
    partitions = [TopicPartition(topic, number) for number in range(int(str(registry.settings["partitions"])))]
    database = await asyncpg.connect(database_url)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()

    async def expected() -> dict[int, int]:
        # The broker writes the control record of a transaction after it has answered.
        ends = await consumer.end_offsets(partitions)
        return {tp.partition: max(0, end - behind) for tp, end in ends.items()}

    async def marks() -> bool:
        rows = await database.fetch("SELECT partition, next_offset FROM offset_mark WHERE topic = $1", topic)
        assert {row["partition"]: row["next_offset"] for row in rows} == await expected()
        return True

    async def group() -> bool:
        offsets = await admin.list_consumer_group_offsets(str(registry.settings["consumer_group"]))
        found = {tp.partition: committed.offset for tp, committed in offsets.items() if tp.topic == topic}
        assert found == await expected()
        return True

    async def lag() -> bool:
        assert await measured(service.admin_port, LAG) == 0
        return True

    try:
        for condition in (marks, group, lag):
            await eventually(condition, what=condition.__name__)
    finally:
        await consumer.stop()
        await admin.close()
        await database.close()


async def delete_all(registry: Registry) -> None:
    """Delete all records of the topic, as retention does."""
    topic = registry.topics.operator_commands
    admin = AIOKafkaAdminClient(bootstrap_servers=str(registry.settings["kafka_bootstrap_servers"]))
    await admin.start()
    try:
        partitions = range(int(str(registry.settings["partitions"])))
        await admin.delete_records({TopicPartition(topic, number): RecordsToDelete(-1) for number in partitions})
    finally:
        await admin.close()


@asynccontextmanager
async def retained(registry: Registry, service: Service) -> AsyncIterator[None]:
    """Stop the service for the block, then delete all records, start it again and let it decide a command."""
    assert await service.stop() == 0, service.last_lines()
    yield
    await delete_all(registry)
    service.start()
    await registry.ready(service)
    await registry.accepted("organization.put", "after:1", {"displayName": "After"}, id="after")


async def test_a_committed_transaction_is_decided_up_to_its_control_record(
    registry: Registry, sender: AIOKafkaProducer, database_url: str
) -> None:
    service = await registry.started()
    for turn in range(3):
        async with sender.transaction():
            await put(registry, sender, f"c{turn}-1", f"c{turn}-2")
        assert (await registry.outcome(f"c{turn}-2")).text["ce_type"] == "producer-registry.command.accepted.v1"
        await caught_up(registry, service, database_url)
    async with retained(registry, service):
        pass


async def test_an_aborted_transaction_is_passed_over(
    registry: Registry, sender: AIOKafkaProducer, database_url: str
) -> None:
    service = await registry.started()
    for turn in range(2):
        await sender.begin_transaction()
        await put(registry, sender, f"a{turn}-1", f"a{turn}-2")
        await sender.abort_transaction()
        await caught_up(registry, service, database_url)
    async with retained(registry, service):
        pass
    assert not [out for out in registry.out if (out.data.get("command") or {}).get("id", "").startswith("a0")]


async def test_a_transaction_that_was_aborted_while_the_service_was_away_is_passed_over(
    registry: Registry, sender: AIOKafkaProducer, database_url: str
) -> None:
    service = await registry.started()
    async with sender.transaction():
        await put(registry, sender, "c1")
    await registry.outcome("c1")
    assert await service.stop() == 0, service.last_lines()
    await sender.begin_transaction()
    await put(registry, sender, "a1")
    await sender.abort_transaction()
    service.start()
    await registry.ready(service)
    await caught_up(registry, service, database_url)
    async with retained(registry, service):
        pass


async def test_an_open_transaction_is_decided_when_it_is_committed(
    registry: Registry, sender: AIOKafkaProducer, database_url: str, tmp_path: Path
) -> None:
    service = await registry.started()
    await registry.accepted("organization.put", SUBJECT, {"displayName": "first"}, id="first")
    await sender.begin_transaction()
    await put(registry, sender, "open")
    # Behind the open transaction nothing can be read, and nothing counts as lag.
    await registry.command("organization.put", SUBJECT, {"displayName": "last"}, id="last")
    await caught_up(registry, service, database_url, behind=2)
    assert not registry.outcomes("open")
    assert await service.stop() == 0, service.last_lines()
    service.start()
    await registry.ready(service)
    await caught_up(registry, service, database_url, behind=2)
    await sender.commit_transaction()
    assert (await registry.outcome("open")).data["version"] == 2
    assert (await registry.outcome("last")).data["version"] == 3
    await caught_up(registry, service, database_url)
    async with retained(registry, service):
        pass


async def test_tail_shows_committed_commands_only(registry: Registry, sender: AIOKafkaProducer) -> None:
    async with sender.transaction():
        await put(registry, sender, "committed")
    await sender.begin_transaction()
    await put(registry, sender, "aborted")
    await sender.abort_transaction()
    await sender.begin_transaction()
    await put(registry, sender, "open")
    try:
        bootstrap, prefix = registry.settings["kafka_bootstrap_servers"], registry.topics.prefix
        line = ("tail", "commands", "--from", "beginning", "--until-end", "--json")
        ended = await program(*line, kafka_bootstrap_servers=bootstrap, topic_prefix=prefix)
    finally:
        await sender.abort_transaction()
    assert ended.code == 0, ended.err
    assert [json.loads(line)["id"] for line in ended.lines] == ["committed"]
