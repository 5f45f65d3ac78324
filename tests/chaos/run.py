"""One run: processes of the service, a history that is sent during faults, and the wait until all is processed."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random
from typing import Any

import asyncpg

from service.contract.record import Limits
from service.contract.topics import Topics
from service.settings import Settings
from tests.chaos.disk import SmallDisk, small_disk
from tests.chaos.http_sender import HttpSender
from tests.chaos.reader import Reader
from tests.chaos.site import Site
from tests.chaos.supervision import Deaths, supervise
from tests.support.checker.evidence import Database, Sent
from tests.support.driver import Driver
from tests.support.gather import Scene
from tests.support.process import Service, health
from tests.support.program import program
from tests.support.snapshot import take_snapshot
from tests.support.topics import create_topics
from tests.support.wait import eventually
from tests.support.workload import Shares, Workload

BODY_BYTES = 8192
SESSION_MS = 2500
STATEMENT_SECONDS = 2.5
READY_SECONDS = 90.0
"""A consumer is ready after it joined its group, which the broker may delay by the rebalance time-out (60 s)."""


class Run:
    """The context of a fault: the site, the services, the progress of the history, and a random generator."""

    def __init__(
        self,
        site: Site,
        name: str,
        seed: int,
        *,
        commands: int,
        shares: Shares | None = None,
        reference_wait_seconds: float = 0.0,
        statement_seconds: float = STATEMENT_SECONDS,
    ) -> None:
        self.site = site
        self.name = name
        self.seed = seed
        self.random = Random(f"{seed}/faults")
        self.folder = site.folder / name
        self.topics = Topics(name)
        self.workload = Workload(seed, self.topics, shares=shares)
        self.commands = commands
        self.reference_wait_seconds = reference_wait_seconds
        self.statement_seconds = statement_seconds
        self.ledger: list[Sent] = []
        self.services: list[Service] = []
        self.database = ""
        self.group = name
        self.limits = Limits(BODY_BYTES)
        self.retired: list[Service] = []
        self.supervised: set[Service] = set()
        self.deaths = Deaths(SESSION_MS / 1000, matter=site.kind == "tansu")
        self._stopping: dict[Service, asyncio.Future[None]] = {}
        self.crashes: list[str] = []
        self.mortal: set[Service] = set()
        """Services that may crash because a fault limits their resources."""
        self.notes: list[str] = []
        self.driver = Driver(site.bootstrap, idempotent=site.idempotent)
        self.reader = Reader(self)
        self.http = HttpSender(self)
        self.disk: SmallDisk | None = None
        self.restored: Database | None = None
        self._stage_begin = self._stage_length = 0

    @property
    def url(self) -> str:
        """The URL of the run's database, without the proxy."""
        return self.site.url(self.database)

    def settings(self, **more: object) -> dict[str, object]:
        """Return the settings of a service process."""
        return {
            "database_url": self.site.service_url(self.database),
            "kafka_bootstrap_servers": self.site.service_bootstrap,
            "kafka_idempotent_producer": self.site.idempotent,
            "topic_prefix": self.name,
            "consumer_group": self.group,
            "max_body_bytes": BODY_BYTES,
            "session_timeout_ms": SESSION_MS,
            "database_command_timeout_seconds": self.statement_seconds,
            "shutdown_deadline_seconds": 15,
            "reference_wait_seconds": self.reference_wait_seconds,
            "jwt_issuer": self.reader.issuer,
            "jwks": self.reader.keys,
            "data_dir": self.folder,
            **more,
        }

    def add(self, *arguments: str, **settings: object) -> Service:
        """Add a service process that is not started yet."""
        service = Service(
            f"service-{len(self.services) + len(self.retired)}", self.folder, self.settings(**settings), arguments
        )
        self.services.append(service)
        return service

    def start(self, service: Service, **once: object) -> None:
        """Start a service unless another fault has started it. From then on it is restarted when it dies."""
        if not service.alive:
            service.start(**once)
        self.supervised.add(service)

    async def stop(self, service: Service) -> None:
        """Stop a service with SIGTERM. It has to exit with 0, and is not restarted.

        Two faults that stop the same service share the stop: a second signal would end it at once with an error.
        """
        if service not in self._stopping:
            self._stopping[service] = asyncio.ensure_future(self._stop(service))
        await asyncio.shield(self._stopping[service])

    async def _stop(self, service: Service) -> None:
        self.supervised.discard(service)
        at_work = await health(service.admin_port, "/livez") != 0
        await self.deaths.wait_for_sessions()
        try:
            code = await service.stop()
        finally:
            del self._stopping[service]
        # As everywhere, SIGKILL by another fault is allowed.
        killed_by_a_fault = code == -signal.SIGKILL and not service.overdue
        if code and at_work and service not in self.mortal and not killed_by_a_fault:
            self.crashes.append(f"{service.name} ended with {code} after SIGTERM")

    async def retire(self, service: Service) -> None:
        """Stop a service with SIGTERM and remove it from the run."""
        await self.stop(service)
        self.services.remove(service)
        self.retired.append(service)

    async def kill(self, service: Service) -> None:
        """End a service with SIGKILL; it is not restarted."""
        self.supervised.discard(service)
        self.deaths.add()
        await service.kill()

    async def new_driver(self) -> None:
        """Replace the driver, so that the senders read the metadata of the topics again."""
        await self.driver.stop()
        sent = self.driver.acknowledged
        self.driver = Driver(self.site.bootstrap, idempotent=self.site.idempotent)
        self.driver.acknowledged = sent
        await self.driver.start()

    @property
    def living(self) -> list[Service]:
        """The running services."""
        return [service for service in self.services if service.alive]

    async def decided(self) -> int:
        """Return the number of distinct decided commands; -1 when the database does not answer."""
        try:
            async with self.site.session(self.database) as session:
                count: int = await session.fetchval("SELECT count(*) FROM inbox")
                return count
        except (OSError, asyncpg.PostgresError, TimeoutError):
            return -1

    async def waiting(self, up_to: int) -> int:
        """Return the number of frames in the outbox up to this position."""
        async with self.site.session(self.database) as session:
            query = "SELECT count(*) FROM outbox_frame WHERE position <= $1"
            return int(await session.fetchval(query, up_to))

    async def held(self) -> int:
        """How many frames are held back in the outbox."""
        async with self.site.session(self.database) as session:
            return int(await session.fetchval("SELECT count(*) FROM outbox_held"))

    async def newest(self) -> int:
        """Return the last position in the outbox, 0 when it is empty."""
        async with self.site.session(self.database) as session:
            return int(await session.fetchval("SELECT coalesce(max(position), 0) FROM outbox_frame"))

    async def answering(self) -> bool:
        """Return whether each service answers on its admin port, with any status."""
        return all([await health(service.admin_port, "/livez") for service in self.services])

    async def any_unready(self) -> bool:
        """Return whether a service reports that it is not ready."""
        return not all([await service.ready() for service in self.services])

    async def progress(self, share: float, *, within: float = 60.0) -> None:
        """Wait until this share of the stage's history is sent."""
        target = self._stage_begin + share * self._stage_length
        await eventually(lambda: self.driver.acknowledged >= target, deadline=within, what=f"{share:.0%} sent")

    @property
    def scene(self) -> Scene:
        """The sources of evidence, without the proxies."""
        return Scene(self.site.bootstrap, self.url, self.topics, self.group, self.limits, self.reference_wait_seconds)

    async def lost_transactions(self) -> None:
        """Note that the database continues with what it has now; no service may be connected."""
        self.restored = await take_snapshot(self.url)
        self.reader.name = "reader after the loss"
        self.http.forget()

    async def program(self, *arguments: str) -> None:
        """Run a command of the command line with the settings of the services. Raises AssertionError when it fails."""
        settings: dict[str, Any] = self.settings()
        ended = await program(*arguments, **settings)
        assert ended.code == 0, f"{arguments}: {ended.out}{ended.err}"

    async def send_setup(self) -> None:
        """Send the foundation, each step after the previous one is decided."""
        done = 0
        for step in self.workload.setup():
            self.ledger += step
            await self.driver.send(step)
            done += len(step)
            await self.until_decided(done)

    async def until_decided(self, count: int) -> None:
        """Wait until this many distinct commands are decided."""

        async def reached() -> bool:
            return await self.decided() >= count

        await eventually(reached, deadline=READY_SECONDS, what=f"{count} commands decided")

    def next_stage(self) -> list[list[Sent]]:
        """Write the next part of the history to the ledger. Return the records of each sender."""
        lines = self.workload.lines(self.commands)
        for line in lines:
            self.ledger += line
        self.begin_history(sum(map(len, lines)))
        return lines

    def begin_history(self, records: int) -> None:
        """Let `progress` refer to these next records."""
        self._stage_begin, self._stage_length = self.driver.acknowledged, records

    async def send_more(self, commands: int) -> None:
        """Send another part of the history at once, in addition to that of the stage."""
        lines = self.workload.lines(commands)
        for line in lines:
            self.ledger += line
        await asyncio.gather(*(self.driver.send(line) for line in lines))

    async def make_topics(self) -> None:
        """Create the run's topics."""
        await create_topics(
            Settings(
                kafka_bootstrap_servers=self.site.bootstrap,
                topic_prefix=self.name,
                partitions=4,
                replication=min(3, self.site.nodes),
                max_body_bytes=BODY_BYTES,
            )
        )


@asynccontextmanager
async def prepared(run: Run, *, on_small_disk: bool = False) -> AsyncIterator[Run]:
    """Provide the database, topics, senders and supervision of a run; every process is stopped at the end."""
    run.folder.mkdir(parents=True)
    async with AsyncExitStack() as stack:
        if on_small_disk:
            run.disk = await stack.enter_async_context(small_disk())
        run.database = await stack.enter_async_context(run.site.database(run.disk))
        await run.make_topics()
        await run.driver.start()
        supervision = asyncio.create_task(supervise(run))

        async def end() -> None:
            supervision.cancel()
            await run.driver.stop()
            await asyncio.gather(*(service.kill() for service in (*run.services, *run.retired)))

        stack.push_async_callback(end)
        yield run
