"""The servers of all runs: one PostgreSQL and one broker, each behind a proxy that can cause faults."""

import asyncio
import contextlib
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from service.stack import port as ports
from service.stack.apache.cluster import Apache
from service.stack.postgres import Postgres
from service.stack.tansu import Tansu
from tests.chaos.disk import SmallDisk, may_mount, small_disk
from tests.support import database
from tests.support.ladder import running
from tests.support.proxy import HOST, Proxy
from tests.support.standby import promote
from tests.support.wait import eventually

BROKER_MEGABYTES = 512
POSTGRES = {"deadlock_timeout": "200ms", "shared_buffers": "64MB"}
"""Faults restart the server often: quick recovery matters here, and how many sessions there are."""

BrokerKind = Literal["tansu", "apache"]


class Site:
    """The servers and their proxies; services connect through the proxies, the checker does not.

    With Tansu the senders go through the broker's proxy too: a broker has one address for everybody there. `nodes` is
    the number of Kafka nodes; several have no proxy. A single one lies on a disk that can be filled, if that may be.
    The folder takes the logs of runs that went wrong.
    """

    def __init__(
        self, broker: BrokerKind, *, nodes: int = 1, small_broker_disk: bool = True, folder: Path | None = None
    ) -> None:
        self.kind = broker
        self.nodes = nodes
        self.folder = folder or Path(tempfile.mkdtemp(prefix="producer-registry-chaos-"))
        self.postgres = Postgres(settings=POSTGRES)
        self.postgres_proxy = Proxy(lambda: (HOST, self.postgres.child.port))
        self.kafka_proxy = Proxy(lambda: (HOST, self._behind_proxy))
        self.kafka: Tansu | Apache
        self.kafka_disk: SmallDisk | None = None
        # Only for one node of Apache Kafka, where mounts are allowed.
        self._small_broker_disk = small_broker_disk and broker == "apache" and nodes == 1
        self._inner_port = 0
        self.template = ""

    @property
    def idempotent(self) -> bool:
        """Whether the broker supports idempotent producers."""
        return self.kind == "apache"

    @property
    def bootstrap(self) -> str:
        """The address of the broker for senders and the checker."""
        return self.kafka.address

    @property
    def service_bootstrap(self) -> str:
        """The address of the broker for the service."""
        return f"{HOST}:{self.kafka_proxy.port}" if self.nodes == 1 else self.kafka.address

    def service_url(self, name: str) -> str:
        """Return the URL of a database for the service."""
        parts = urlsplit(self.url(name))
        at = parts.netloc.rpartition("@")[0]
        return urlunsplit(parts._replace(netloc=f"{at}@{HOST}:{self.postgres_proxy.port}"))

    def url(self, name: str) -> str:
        """Return the URL of a database for the checker."""
        return database.url_of(self.postgres.address, name)

    @property
    def _behind_proxy(self) -> int:
        return self._inner_port if isinstance(self.kafka, Apache) else self.kafka.child.port

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Site"]:
        """Start all servers, and stop them at the end."""
        async with AsyncExitStack() as stack:
            for proxy in (self.postgres_proxy, self.kafka_proxy):
                await proxy.start()
                stack.push_async_callback(proxy.stop)
            if self._small_broker_disk and may_mount():
                self.kafka_disk = await stack.enter_async_context(small_disk(BROKER_MEGABYTES))
            self.kafka = self._broker()
            stack.push_async_callback(self._stop_postgres)
            await self.postgres.start()
            await stack.enter_async_context(running(self.kafka))
            self.template = await stack.enter_async_context(database.migrated_database(self.postgres.address))
            yield self
            # Keep the logs of failed runs.
            if not any(self.folder.iterdir()):
                self.folder.rmdir()

    async def _stop_postgres(self) -> None:
        await self.postgres.stop()

    async def fail_over(self, standby: Postgres) -> None:
        """Kill the database server and promote this standby, which takes over the address."""
        former, port = self.postgres, self.postgres.child.port
        await former.child.stop(signal.SIGQUIT, seconds=10)
        self.postgres = standby
        await former.stop()
        await promote(standby)
        await standby.child.stop(signal.SIGINT, seconds=30)
        standby.child.port = port
        await standby.start()

    def _broker(self) -> Tansu | Apache:
        if self.kind == "tansu":
            return Tansu(advertised=self.kafka_proxy.port)
        if self.nodes > 1:
            return Apache(nodes=self.nodes)
        # A second listener, which advertises the address of the proxy.
        port = ports.choose(0, server="Apache Kafka", setting="--kafka-port")
        self._inner_port = ports.choose(0, server="the proxied listener", setting="--kafka-port")
        listeners = f"CLIENT://{HOST}:{port},PROXIED://{HOST}:"
        controller = ports.choose(0, server="the controller", setting="--kafka-port")
        return Apache(
            None if self.kafka_disk is None else self.kafka_disk.folder,
            port=port,
            settings={
                "listeners": f"{listeners}{self._inner_port},CONTROLLER://{HOST}:{controller}",
                "controller.quorum.voters": f"1@{HOST}:{controller}",
                "advertised.listeners": f"{listeners}{self.kafka_proxy.port}",
                "listener.security.protocol.map": "CLIENT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT",
            },
        )

    @asynccontextmanager
    async def database(self, disk: SmallDisk | None = None) -> AsyncIterator[str]:
        """Create a migrated database for one run, on a disk if one is given, and yield its name."""
        async with AsyncExitStack() as stack:
            name = await stack.enter_async_context(database.made_database(self.postgres.address, self.template))
            if disk is not None:
                await self.execute("postgres", f"CREATE TABLESPACE \"{name}\" LOCATION '{disk.folder}'")
                await self.execute("postgres", f'ALTER DATABASE "{name}" SET TABLESPACE "{name}"')
            yield name
            # It may recover from the last fault.
            await eventually(lambda: self.answers(name), what="an answer of the database")
        if disk is not None:
            await self.execute("postgres", f'DROP TABLESPACE "{name}"')

    async def execute(self, name: str, statement: str, *values: object) -> None:
        """Run a statement in a database."""
        async with self.session(name) as session:
            await session.execute(statement, *values)

    @asynccontextmanager
    async def session(self, name: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        """Open a session without the proxy."""
        session = await asyncpg.connect(self.url(name), timeout=10)
        try:
            yield session
        finally:
            session.terminate()

    async def answers(self, name: str) -> bool:
        """Return whether the database accepts connections now."""
        with contextlib.suppress(OSError, asyncpg.PostgresError, asyncio.TimeoutError):
            await self.execute(name, "SELECT 1")
            return True
        return False
