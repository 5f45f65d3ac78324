"""Where the attacks take place: a seeded database, topics, an issuer, and service processes with few descriptors."""

import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from service.settings import Settings
from service.stack import reaper
from tests.abuse.observed import warm_up
from tests.abuse.slow_issuer import SlowIssuer
from tests.abuse.target import Target
from tests.load import people, servers
from tests.load.servers import Servers
from tests.support.issuer import NAME
from tests.support.process import Service
from tests.support.wait import eventually

CODES = 200_000
ROLES = 1_000
DESCRIPTORS = 1_024
"""RLIMIT_NOFILE of the service; connections of attackers must not use all of them."""

_ROLES = """
INSERT INTO role (id, display_name, permissions, version)
SELECT 'abuse-role-' || n, 'Role ' || n, '{}'::text[], 1 FROM generate_series(0, $1::int - 1) AS n
"""


def role(number: int) -> str:
    """Return the id of one of the additional roles, to which a command may refer."""
    return f"abuse-role-{number}"


class Site:
    """Servers with `codes` codes for the processes of a run; `folder` takes their logs."""

    def __init__(self, settings: Mapping[str, object], folder: Path, issuer: SlowIssuer, codes: int) -> None:
        self.folder = folder
        self.issuer = issuer
        self.codes = codes
        self._settings = dict(settings)
        self._started = 0

    @property
    def token(self) -> str:
        """The token of the well-behaved caller."""
        return self.issuer.issuer.token(sub=people.user(0))

    @asynccontextmanager
    async def service(self) -> AsyncIterator[Service]:
        """Start a process, wait until it is ready, and kill it at the end."""
        self._started += 1
        keys = {"jwks": self.issuer.url, "jwt_issuer": NAME}
        service = Service(f"serve-{self._started}", self.folder, {**self._settings, **keys})
        service.command = ["prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}", *service.command]
        try:
            await self.start(service)
            yield service
        finally:
            await service.kill()

    async def start(self, service: Service) -> None:
        """Start a process that does not run, wait until it is ready, and send the first requests."""
        service.start()
        await eventually(service.ready, deadline=60, what=f"readiness of {service.name}")
        await warm_up(service, self.token)

    def target(self, service: Service, port: int, *, seconds: float, short: bool) -> Target:
        """Return what an attack has to know about this process."""
        return Target(
            port=port,
            api_port=service.api_port,
            admin_port=service.admin_port,
            seconds=seconds,
            short=short,
            log=str(service.log),
            database_url=str(self._settings["database_url"]),
            kafka_bootstrap_servers=str(self._settings["kafka_bootstrap_servers"]),
            topic_prefix=str(self._settings["topic_prefix"]),
            codes=self.codes,
            caller=people.user(0),
            key=self.issuer.private_key,
        )


async def add_roles(database_url: str) -> None:
    """Create the additional roles."""
    session = await asyncpg.connect(database_url, timeout=30)
    try:
        await session.execute(_ROLES, ROLES)
    finally:
        await session.close()


@asynccontextmanager
async def site(of: Servers, issuer: SlowIssuer, codes: int = CODES) -> AsyncIterator[Site]:
    """Create a database with this many codes, and topics."""
    folder = reaper.temporary_folder("abuse")
    try:
        async with of.registry(codes, "tansu") as registry:
            await add_roles(registry.settings.database_url)
            yield Site(_service_settings(registry.settings), folder, issuer, codes)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def opened() -> AsyncIterator[tuple[Servers, SlowIssuer]]:
    """Start PostgreSQL, the broker and the issuer."""
    async with servers.opened(["tansu"]) as of, SlowIssuer().serving() as issuer:
        yield of, issuer


def _service_settings(settings: Settings) -> dict[str, object]:
    names = (
        "database_url",
        "kafka_bootstrap_servers",
        "kafka_idempotent_producer",
        "topic_prefix",
        "consumer_group",
        "partitions",
    )
    return {**{name: getattr(settings, name) for name in names}, "session_timeout_ms": 3000}
