"""The servers of a benchmark: one PostgreSQL (fsync on), brokers, and new databases and topics for each round."""

import os
import secrets
import shutil
import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import asyncpg

from consumers.kafka.client import connection
from consumers.kafka.topic import create as create_topics
from service.contract.topics import Topics
from service.settings import Settings
from service.settings import load as load_settings
from service.stack import reaper
from service.stack.apache.cluster import Apache
from service.stack.child import Child
from service.stack.postgres import Postgres
from service.stack.tansu import Tansu
from service.store.migrate import migrate
from tests.load import seed, tokens
from tests.load.workload import Sent
from tests.support.database import url_of

BrokerName = Literal["tansu", "apache"]
PROGRAM = str(Path(sys.executable).parent / "producer-registry")
PARTITIONS = 12

POSTGRES = {
    # Without these two settings some rounds have a checkpoint and others do not.
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    # A dedicated server gives PostgreSQL a large part of its memory; 100,000 codes do not fit in 256 MB.
    "shared_buffers": "2GB",
    # One section uses a prepared transaction.
    "max_prepared_transactions": "8",
}
"""PostgreSQL settings in addition to those of the stack (fsync and synchronous_commit stay on)."""

_WARM = """
SELECT sum(pg_prewarm(c.oid)) FROM pg_class AS c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'i') AND c.relname NOT LIKE 'inbox%'
"""


@dataclass(frozen=True, slots=True)
class Registry:
    """The database and topics of one round."""

    settings: Settings
    broker: BrokerName
    jwks: Path

    @property
    def topics(self) -> Topics:
        """The names of the topics."""
        return Topics(self.settings.topic_prefix)

    def environment(self, **more: str) -> dict[str, str]:
        """Return the environment of a service process; `more` are settings by variable name."""
        settings = self.settings
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")}
        return {
            **inherited,
            "REGISTRY_DATABASE_URL": settings.database_url,
            "REGISTRY_KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
            "REGISTRY_KAFKA_IDEMPOTENT_PRODUCER": str(settings.kafka_idempotent_producer).lower(),
            "REGISTRY_TOPIC_PREFIX": settings.topic_prefix,
            "REGISTRY_CONSUMER_GROUP": settings.consumer_group,
            "REGISTRY_API_PORT": "0",
            "REGISTRY_ADMIN_PORT": "0",
            "REGISTRY_JWT_ISSUER": tokens.ISSUER,
            "REGISTRY_JWKS": str(self.jwks),
            "REGISTRY_LOG_LEVEL": "warning",
            **more,
        }


class Servers:
    """The servers of a benchmark. Databases with the same number of codes are copies of one template."""

    def __init__(self, postgres: Postgres, brokers: dict[BrokerName, Tansu | Apache], folder: Path) -> None:
        self.postgres = postgres
        self.brokers = brokers
        self.folder = folder
        self.jwks, self.tokens = tokens.write(folder)
        self._templates: dict[str, str] = {}

    def broker_pid(self, broker: BrokerName) -> int:
        """Return the process id of a broker, to measure its CPU time."""
        server = self.brokers[broker]
        child = server.nodes[0] if isinstance(server, Apache) else server.child
        assert child.pid is not None
        return child.pid

    @property
    def database_pid(self) -> int:
        """The process id of PostgreSQL's postmaster."""
        assert self.postgres.child.pid is not None
        return self.postgres.child.pid

    @asynccontextmanager
    async def registry(
        self, codes: int, broker: BrokerName, *, big_group: int = 0, partitions: int = PARTITIONS
    ) -> AsyncIterator[Registry]:
        """Create a database with this many codes, of which the big group holds `big_group`, and empty topics."""
        template = await self._template(codes, big_group)
        name = f"bench_{secrets.token_hex(4)}"
        settings = load_settings(
            {
                "database_url": url_of(self.postgres.address, name),
                "kafka_bootstrap_servers": self.brokers[broker].address,
                "kafka_idempotent_producer": broker == "apache",
                "topic_prefix": name,
                "consumer_group": name,
                "partitions": partitions,
            }
        )
        await self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        try:
            await create_topics(settings)
            await self._warm(settings.database_url)
            yield Registry(settings, broker, self.jwks)
        finally:
            await self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            if broker == "apache":
                await delete_topics(settings)

    async def _warm(self, url: str) -> None:
        """Read the copy into PostgreSQL's memory: otherwise its pages would be read during the measurement."""
        session = await asyncpg.connect(url, timeout=30)
        try:
            await session.execute("CREATE EXTENSION IF NOT EXISTS pg_prewarm")
            await session.execute(_WARM)
        finally:
            await session.close()

    async def checkpoint(self) -> None:
        """Run a checkpoint, so that a round does not include writes of the previous one."""
        await self._execute("CHECKPOINT")

    async def _template(self, codes: int, big_group: int) -> str:
        name = f"template_{codes}_{big_group}"
        if name not in self._templates:
            base = "template1" if not big_group else await self._template(codes, 0)
            await self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{base}" STRATEGY file_copy')
            url = url_of(self.postgres.address, name)
            if not big_group:
                await migrate(load_settings({"database_url": url}))
            session = await asyncpg.connect(url, timeout=30)
            try:
                if big_group:
                    await seed.fill_big_group(session, big_group)
                else:
                    await seed.lay_down(session, codes)
            finally:
                await session.close()
            self._templates[name] = url
        return name

    async def _execute(self, statement: str) -> None:
        session = await asyncpg.connect(self.postgres.address, timeout=30)
        try:
            await session.execute(statement)
        finally:
            await session.close()

    def child(self, name: str, command: Sequence[str], environment: dict[str, str]) -> Child:
        """Start a process with its output in a file."""
        child = Child(name, self.folder / f"{name}-{secrets.token_hex(4)}")
        child.launch(command, port=0, environment=environment)
        return child


@asynccontextmanager
async def opened(brokers: Iterable[BrokerName]) -> AsyncIterator[Servers]:
    """Start the servers, give the place, and stop and remove everything."""
    folder = reaper.temporary_folder("bench")
    async with AsyncExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        postgres = Postgres(settings=POSTGRES)
        stack.push_async_callback(postgres.stop)
        await postgres.start()
        servers: dict[BrokerName, Tansu | Apache] = {}
        for name in dict.fromkeys(brokers):
            server = Apache(for_load=True) if name == "apache" else Tansu()
            stack.push_async_callback(server.stop)
            await server.start()
            servers[name] = server
        yield Servers(postgres, servers, folder)


async def fill(registry: Registry, commands: Iterable[Sent], topic: str | None = None) -> int:
    """Publish commands with the default partitioner. Return their number."""
    from aiokafka import AIOKafkaProducer

    producer = AIOKafkaProducer(
        **connection(registry.settings), acks=1, linger_ms=20, max_batch_size=500_000, max_request_size=1_000_000
    )
    await producer.start()
    count = 0
    try:
        name = topic or registry.topics.commands
        for sent in commands:
            await producer.send(name, sent.value, key=sent.key, headers=sent.headers)
            count += 1
        await producer.flush()
    finally:
        await producer.stop()
    return count


async def delete_topics(settings: Settings) -> None:
    """Delete the topics of a round, so that they do not fill the disk of the broker."""
    from aiokafka.admin import AIOKafkaAdminClient

    admin = AIOKafkaAdminClient(**connection(settings))
    await admin.start()
    try:
        await admin.delete_topics(list(Topics(settings.topic_prefix).all()))
    finally:
        await admin.close()
