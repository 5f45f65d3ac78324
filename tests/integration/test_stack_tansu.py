"""The embedded broker Tansu over the life of a data folder."""

import asyncio
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from service.stack.errors import StackError
from service.stack.tansu import Tansu
from tests.support.orphan import leave_behind, runs


async def send(address: str, value: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=address) as producer:
        await producer.send_and_wait("stack", value, partition=0)


async def first_value(address: str) -> bytes | None:
    async with AIOKafkaConsumer(bootstrap_servers=address, auto_offset_reset="earliest") as consumer:
        consumer.assign([TopicPartition("stack", 0)])
        await consumer.seek_to_beginning()
        value: bytes | None = (await asyncio.wait_for(consumer.getone(), 30)).value
        return value


async def test_a_stop_leaves_no_process_and_no_temporary_folder() -> None:
    broker = Tansu()
    await broker.start()
    assert broker.child.pid is not None
    process = psutil.Process(broker.child.pid)
    await broker.stop()
    assert not process.is_running()
    assert not broker.folder.exists()


async def test_the_next_parent_takes_up_the_broker_with_its_records_when_the_first_was_killed(tmp_path: Path) -> None:
    pid, address = leave_behind("service.stack.tansu", "Tansu", tmp_path)
    await send(address, b"kept")
    broker = Tansu(tmp_path)
    await broker.start()
    try:
        assert (broker.child.pid, broker.address, broker.adopted) == (pid, address, True)
        assert await first_value(broker.address) == b"kept"
    finally:
        await broker.stop()
    assert not runs(pid), "an adopted broker is stopped like an own one"


async def test_a_taken_port_is_named_with_its_setting() -> None:
    broker = Tansu()
    await broker.start()
    try:
        refused = Tansu(port=broker.child.port)
        with pytest.raises(StackError, match=rf"127\.0\.0\.1:{broker.child.port}: the port is in use.*--kafka-port"):
            await refused.start()
        assert not refused.folder.exists(), "a broker that cannot start leaves nothing behind"
    finally:
        await broker.stop()


async def test_a_new_broker_is_another_cluster(tmp_path: Path) -> None:
    clusters = []
    broker = Tansu(tmp_path)
    for _ in range(2):
        await broker.start()
        assert broker.child.pid is not None
        command = psutil.Process(broker.child.pid).cmdline()
        clusters.append(command[command.index("--cluster-id") + 1])
        await broker.stop()
    assert clusters[0] != clusters[1], "marks of the old broker would be taken for marks of the new one"
