"""One run: processes of the service, a history sent while faults happen, quiet, and the verdict."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random

import asyncpg

from consumers.kafka.topic import create
from service.contract.record import Limits
from service.contract.topics import Topics
from service.settings import Settings
from tests.chaos.disk import SmallDisk, small_disk
from tests.chaos.reader import Reader
from tests.chaos.site import Site
from tests.support.checker.evidence import Sent
from tests.support.driver import Driver
from tests.support.gather import Scene
from tests.support.process import Service, health
from tests.support.wait import eventually
from tests.support.workload import Shares, Workload

BODY_BYTES = 8192
SESSION_MS = 2500
STATEMENT_SECONDS = 2.5
READY_SECONDS = 90.0
"""A consumer is ready when it has joined its group, and a broker may wait the rebalance time-out (60 s) before that."""
SUPERVISION_SECONDS = 0.05
AFTER_CRASH_SECONDS = 1.0


class Run:
    """What a fault can reach: the site, the services, how far the history is, and chance of its own."""

    def __init__(self, site: Site, name: str, seed: int, *, commands: int, shares: Shares | None = None) -> None:
        self.site = site
        self.name = name
        self.seed = seed
        self.random = Random(f"{seed}/faults")
        self.folder = site.folder / name
        self.topics = Topics(name)
        self.workload = Workload(seed, self.topics, shares=shares)
        self.commands = commands
        self.ledger: list[Sent] = []
        self.services: list[Service] = []
        self.database = ""
        self.group = name
        self.limits = Limits(BODY_BYTES)
        self.retired: list[Service] = []
        self.supervised: set[Service] = set()
        self._stopping: dict[Service, asyncio.Future[None]] = {}
        self.crashes: list[str] = []
        self.mortal: set[Service] = set()
        """Services that may die of what a fault takes from them."""
        self.notes: list[str] = []
        self.driver = Driver(site.bootstrap, idempotent=site.idempotent)
        self.reader = Reader(self)
        self.disk: SmallDisk | None = None
        self._stage_begin = self._stage_length = 0

    @property
    def url(self) -> str:
        """The run's database, past the proxy."""
        return self.site.url(self.database)

    def settings(self, **more: object) -> dict[str, object]:
        """Settings of a service process."""
        return {
            "database_url": self.site.service_url(self.database),
            "kafka_bootstrap_servers": self.site.service_bootstrap,
            "kafka_idempotent_producer": self.site.idempotent,
            "topic_prefix": self.name,
            "consumer_group": self.group,
            "max_body_bytes": BODY_BYTES,
            "session_timeout_ms": SESSION_MS,
            "database_command_timeout_seconds": STATEMENT_SECONDS,
            "shutdown_deadline_seconds": 15,
            "jwt_issuer": self.reader.issuer,
            "jwks": self.reader.keys,
            "data_dir": self.folder,
            **more,
        }

    def add(self, *arguments: str, **settings: object) -> Service:
        """Make another service process, not started yet."""
        service = Service(
            f"service-{len(self.services) + len(self.retired)}", self.folder, self.settings(**settings), arguments
        )
        self.services.append(service)
        return service

    def start(self, service: Service, **once: object) -> None:
        """Start it unless another fault did so already; from then on it comes back when it dies."""
        if not service.alive:
            service.start(**once)
        self.supervised.add(service)

    async def stop(self, service: Service) -> None:
        """End it with SIGTERM; it has to end well, and does not come back by itself.

        Two faults that stop the same one share a stop: a second signal would end it at once, and not well.
        """
        if service not in self._stopping:
            self._stopping[service] = asyncio.ensure_future(self._stop(service))
        await asyncio.shield(self._stopping[service])

    async def _stop(self, service: Service) -> None:
        self.supervised.discard(service)
        at_work = await health(service.admin_port, "/livez") != 0
        try:
            code = await service.stop()
        finally:
            del self._stopping[service]
        if code and at_work and service not in self.mortal:
            self.crashes.append(f"{service.name} ended with {code} after SIGTERM")

    async def retire(self, service: Service) -> None:
        """End it with SIGTERM, for good."""
        await self.stop(service)
        self.services.remove(service)
        self.retired.append(service)

    async def kill(self, service: Service) -> None:
        """End it with SIGKILL, to stay down."""
        self.supervised.discard(service)
        await service.kill()

    async def new_driver(self) -> None:
        """Let the senders look at the topics anew."""
        await self.driver.stop()
        sent = self.driver.acknowledged
        self.driver = Driver(self.site.bootstrap, idempotent=self.site.idempotent)
        self.driver.acknowledged = sent
        await self.driver.start()

    @property
    def living(self) -> list[Service]:
        """The services that run."""
        return [service for service in self.services if service.alive]

    async def decided(self) -> int:
        """How many distinct commands are decided; -1 when the database does not say."""
        try:
            async with self.site.session(self.database) as session:
                count: int = await session.fetchval("SELECT count(*) FROM inbox")
                return count
        except (OSError, asyncpg.PostgresError, TimeoutError):
            return -1

    async def waiting(self, up_to: int) -> int:
        """How many frames up to this position wait in the outbox."""
        async with self.site.session(self.database) as session:
            query = "SELECT count(*) FROM outbox_frame WHERE position <= $1"
            return int(await session.fetchval(query, up_to))

    async def held(self) -> int:
        """How many frames are held back in the outbox."""
        async with self.site.session(self.database) as session:
            return int(await session.fetchval("SELECT count(*) FROM outbox_held"))

    async def newest(self) -> int:
        """The last position in the outbox, 0 when it is empty."""
        async with self.site.session(self.database) as session:
            return int(await session.fetchval("SELECT coalesce(max(position), 0) FROM outbox_frame"))

    async def answering(self) -> bool:
        """Whether each service answers on its admin port, whatever it says."""
        return all([await health(service.admin_port, "/livez") for service in self.services])

    async def somebody_unready(self) -> bool:
        """Whether a service says that it is not ready."""
        return not all([await service.ready() for service in self.services])

    async def progress(self, share: float, *, within: float = 60.0) -> None:
        """Wait until about this share of the stage's history is sent."""
        wanted = self._stage_begin + share * self._stage_length
        await eventually(lambda: self.driver.acknowledged >= wanted, deadline=within, what=f"{share:.0%} sent")

    async def supervise(self) -> None:
        """Start again what died; only SIGKILL is a death that services may die."""
        while True:
            for service in list(self.supervised):
                if not service.alive:
                    if service.code != -9:
                        if service not in self.mortal:
                            self.crashes.append(f"{service.name} ended by itself with {service.code}")
                        await asyncio.sleep(AFTER_CRASH_SECONDS)
                    # A fault may have stopped or started it meanwhile.
                    if service in self.supervised and not service.alive:
                        service.start()
            await asyncio.sleep(SUPERVISION_SECONDS)

    @property
    def scene(self) -> Scene:
        """Where the evidence lies, past the proxies."""
        return Scene(self.site.bootstrap, self.url, self.topics, self.group, self.limits)

    async def send_setup(self) -> None:
        """Send the foundation, each step when the one before is decided."""
        done = 0
        for step in self.workload.setup():
            self.ledger += step
            await self.driver.send(step)
            done += len(step)
            await self.until_decided(done)

    async def until_decided(self, count: int) -> None:
        """Wait until so many distinct commands are decided."""

        async def reached() -> bool:
            return await self.decided() >= count

        await eventually(reached, deadline=READY_SECONDS, what=f"{count} commands decided")

    def next_stage(self) -> list[list[Sent]]:
        """Write the next part of the history into the ledger; answers a line for each sender."""
        lines = self.workload.lines(self.commands)
        for line in lines:
            self.ledger += line
        self.begin_history(sum(map(len, lines)))
        return lines

    def begin_history(self, records: int) -> None:
        """From here on `progress` is about these next records."""
        self._stage_begin, self._stage_length = self.driver.acknowledged, records

    async def send_more(self, commands: int) -> None:
        """Send another part of the history at once, beside the stage's own."""
        lines = self.workload.lines(commands)
        for line in lines:
            self.ledger += line
        await asyncio.gather(*(self.driver.send(line) for line in lines))

    async def make_topics(self) -> None:
        """Create the run's topics."""
        await create(
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
    """Database, topics, senders and supervision for a run; every process is gone at the end."""
    run.folder.mkdir(parents=True)
    async with AsyncExitStack() as stack:
        if on_small_disk:
            run.disk = await stack.enter_async_context(small_disk())
        run.database = await stack.enter_async_context(run.site.database(run.disk))
        await run.make_topics()
        await run.driver.start()
        supervision = asyncio.create_task(run.supervise())

        async def end() -> None:
            supervision.cancel()
            await run.driver.stop()
            await asyncio.gather(*(service.kill() for service in (*run.services, *run.retired)))

        stack.push_async_callback(end)
        yield run
