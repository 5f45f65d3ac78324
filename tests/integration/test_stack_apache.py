"""Apache Kafka by the stack's interface; runs with `--broker apache` (make test-kafka), as it needs java and Maven."""

from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from service.stack.apache.cluster import Apache
from tests.support.orphan import leave_behind, runs
from tests.support.wait import eventually

pytestmark = pytest.mark.timeout(900)


async def make_topic(address: str, copies: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        await admin.create_topics([NewTopic("stack", 1, copies)])
    finally:
        await admin.close()


async def send(address: str, value: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=address, enable_idempotence=True) as producer:
        await producer.send_and_wait("stack", value)


async def end_offset(address: str) -> int:
    partition = TopicPartition("stack", 0)
    async with AIOKafkaConsumer(bootstrap_servers=address) as consumer:
        consumer.assign([partition])
        ends: dict[TopicPartition, int] = await consumer.end_offsets([partition])
        return ends[partition]


@pytest.mark.parametrize("for_load", [False, True])
async def test_a_stop_leaves_no_process_and_no_temporary_folder(for_load: bool) -> None:
    kafka = Apache(for_load=for_load)
    await kafka.start()
    assert kafka.nodes[0].pid is not None
    process = psutil.Process(kafka.nodes[0].pid)
    assert ("-XX:TieredStopAtLevel=1" not in process.cmdline()) == for_load, "the optimizing compiler"
    await kafka.stop()
    assert not process.is_running()
    assert not kafka.folder.exists()


async def test_records_are_kept_when_the_parent_is_killed_and_when_the_broker_is_restarted(tmp_path: Path) -> None:
    pid, address = leave_behind("service.stack.apache.cluster", "Apache", tmp_path)
    kafka = Apache(tmp_path)
    await kafka.start()
    try:
        assert (kafka.nodes[0].pid, kafka.address) == (pid, address)
        await make_topic(kafka.address, 1)
        await send(kafka.address, b"kept")
        await kafka.stop()
        assert not runs(pid), "an adopted broker is stopped like an own one"
        await kafka.start()
        assert kafka.address == address, "clients find a restarted broker at its old address"
        assert await end_offset(kafka.address) == 1
    finally:
        await kafka.stop()


async def test_three_nodes_take_writes_while_one_is_gone() -> None:
    kafka = Apache(nodes=3)
    try:
        await kafka.start()
        await make_topic(kafka.address, 3)
        await send(kafka.address, b"with three")
        await kafka.nodes[0].kill()
        survivors = kafka.address.partition(",")[2]
        await send(survivors, b"with two")
        await kafka.start()
        assert kafka.nodes[0].alive()

        async def kept() -> bool:
            return await end_offset(kafka.address) == 2

        await eventually(kept, what="both records")
    finally:
        await kafka.stop()
