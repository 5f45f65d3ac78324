"""A round of Kafka Connect: fill the topics, start the worker, measure by its committed offsets."""

import asyncio
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from signal import SIGTERM
from typing import Any
from urllib.parse import urlsplit

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import GroupCoordinatorNotAvailableError

from consumers.kafka.client import connection
from service.contract.envelope import parse
from service.contract.record import Limits, Received
from service.core.batch import needs
from service.stack.apache import classpath
from service.stack.child import Child
from service.stack.port import choose
from service.store.world_load import load_world
from tests.load.contender import STOP_SECONDS, Load
from tests.load.cpu import cpu_seconds
from tests.load.peers.connect.record import TABLES, Table, records
from tests.load.peers.floor import Record
from tests.load.servers import PARTITIONS, Registry, Servers, fill
from tests.load.window import STALLED_SECONDS, Measured, Stalled
from tests.load.workload import Workload

POM = Path(__file__).parent / "pom.xml"
WARM = 0.5
POLL_SECONDS = 0.1


def available() -> bool:
    """Return whether the required tools exist."""
    return all(map(shutil.which, ("java", "mvn")))


async def run(servers: Servers, load: Load, seed: int = 1) -> Measured:
    """Run a round on Apache Kafka. Raises window.Stalled."""
    async with servers.registry(load.codes, "apache") as registry:
        topics = {table: f"{registry.settings.topic_prefix}.{table.name}" for table in TABLES}
        await _create(registry, list(topics.values()))
        counts = await _fill(registry, topics, load, seed)
        await servers.checkpoint()
        path = await asyncio.to_thread(classpath.resolve, POM)
        child = _launch(servers, registry, topics, path)
        try:
            return await _measure(servers, registry, child, counts)
        finally:
            await child.stop(SIGTERM, seconds=STOP_SECONDS)
            await _delete(registry, list(topics.values()))


async def _fill(registry: Registry, topics: Mapping[Table, str], load: Load, seed: int) -> dict[str, int]:
    sent = Workload(load.codes, seed, load.mix).take(load.count)
    records_in = [
        Record(registry.topics.commands, 0, number, one.key, one.value, list(one.headers))
        for number, one in enumerate(sent)
    ]
    read = parse(records_in, registry.topics, Limits())
    commands = [one.command for one in read if isinstance(one, Received)]
    session: Any = await asyncpg.connect(registry.settings.database_url)
    try:
        world = (await load_world(session, needs(commands))).world
    finally:
        await session.close()
    rows = list(records(commands, world))
    return {
        table.name: await fill(registry, (one for its, one in rows if its is table), topic)
        for table, topic in topics.items()
    }


def _launch(servers: Servers, registry: Registry, topics: Mapping[Table, str], path: str) -> Child:
    child = Child("Kafka Connect", servers.folder / f"connect-{registry.settings.topic_prefix}")
    child.folder.mkdir(parents=True)
    files = [_write(child.folder / "worker.properties", _worker(registry, child.folder))]
    files += [
        _write(child.folder / f"{table.name}.properties", _sink(registry, table, topic))
        for table, topic in topics.items()
    ]
    log = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
    command = [classpath.tool("java"), "-Xms1g", "-Xmx1g", log, "-cp", path]
    child.launch([*command, "org.apache.kafka.connect.cli.ConnectStandalone", *map(str, files)], port=0)
    return child


def _worker(registry: Registry, folder: Path) -> dict[str, str]:
    return {
        "bootstrap.servers": registry.settings.kafka_bootstrap_servers,
        "listeners": f"HTTP://127.0.0.1:{choose(0, server='Kafka Connect', setting='its port')}",
        "offset.storage.file.filename": str(folder / "offsets"),
        "offset.flush.interval.ms": "100",
        "plugin.discovery": "service_load",
        "connector.client.config.override.policy": "All",
        "consumer.max.poll.records": "2000",
        "consumer.fetch.min.bytes": "1",
        "consumer.max.partition.fetch.bytes": "4000000",
        "key.converter": "org.apache.kafka.connect.json.JsonConverter",
        "value.converter": "org.apache.kafka.connect.json.JsonConverter",
    }


def _sink(registry: Registry, table: Table, topic: str) -> dict[str, str]:
    database = urlsplit(registry.settings.database_url)
    address = f"jdbc:postgresql://{database.hostname}:{database.port}{database.path}"
    converter = "org.apache.kafka.connect.json.JsonConverter"
    return {
        "name": f"{registry.settings.topic_prefix}-{table.name}",
        "connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector",
        "tasks.max": "1",
        "topics": topic,
        "connection.url": f"{address}?reWriteBatchedInserts=true",
        "connection.username": database.username or "",
        "connection.password": database.password or "",
        "insert.mode": "upsert",
        "primary.key.mode": "record_key",
        "primary.key.fields": ",".join(table.key),
        "schema.evolution": "none",
        "collection.name.format": table.name,
        "batch.size": "2000",
        "use.reduction.buffer": "true",
        "dialect.postgres.unnest.insert.enabled": str(not table.arrays).lower(),
        "key.converter": converter,
        "key.converter.schema.content": table.key_schema,
        "value.converter": converter,
        "value.converter.schema.content": table.schema,
    }


def _write(path: Path, properties: Mapping[str, str]) -> Path:
    path.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))
    return path


async def _create(registry: Registry, topics: list[str]) -> None:
    admin = AIOKafkaAdminClient(**connection(registry.settings))
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, PARTITIONS, 1) for topic in topics])
    finally:
        await admin.close()


async def _delete(registry: Registry, topics: list[str]) -> None:
    admin = AIOKafkaAdminClient(**connection(registry.settings))
    await admin.start()
    try:
        await admin.delete_topics(topics)
    finally:
        await admin.close()


async def _measure(servers: Servers, registry: Registry, child: Child, counts: Mapping[str, int]) -> Measured:
    whole = sum(counts.values())
    groups = [f"connect-{registry.settings.topic_prefix}-{name}" for name in counts]
    assert child.pid is not None
    pids = {"process": child.pid, "PostgreSQL": servers.database_pid, "broker": servers.broker_pid("apache")}
    admin = AIOKafkaAdminClient(**connection(registry.settings))
    await admin.start()
    try:
        start = await _committed(admin, groups, int(whole * WARM), child)
        begun, before = time.monotonic(), {name: cpu_seconds(pid) for name, pid in pids.items()}
        end = await _committed(admin, groups, whole, child)
        seconds, after = time.monotonic() - begun, {name: cpu_seconds(pid) for name, pid in pids.items()}
    finally:
        await admin.close()
    done = end - start
    return Measured(done / seconds, {name: (after[name] - before[name]) / done * 1e6 for name in pids})


async def _committed(admin: AIOKafkaAdminClient, groups: list[str], total: int, child: Child) -> int:
    last, moved = -1, time.monotonic()
    while True:
        now = 0
        for group in groups:
            try:
                places = await admin.list_consumer_group_offsets(group)
            except GroupCoordinatorNotAvailableError:
                # The broker creates the topic of offsets at the first request of a group.
                places = {}
            now += sum(max(0, servers.offset) for servers in places.values())
        if now >= total:
            return now
        if now > last:
            last, moved = now, time.monotonic()
        if not child.alive() or time.monotonic() - moved > STALLED_SECONDS:
            raise Stalled(f"Kafka Connect wrote {now} of {total} records; {child.last_lines()}")
        await asyncio.sleep(POLL_SECONDS)
