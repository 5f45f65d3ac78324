"""The embedded stack with the service on it, in this process: what `dev` and `demo` run."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from consumers.kafka.session import BrokerUnavailable
from consumers.kafka.topic import create
from service.cli.composition import Running, ports_free, running
from service.cli.exit_status import print_diagnostic
from service.cli.option import changed
from service.cli.running_instance import RunningInstance
from service.http.development_key import ISSUER, ensure_key
from service.settings import Settings
from service.stack.errors import StackError
from service.stack.stack import Broker, Stack
from service.store.errors import StoreUnavailable
from service.store.migrate import MigrationFailed, migrate

READY_SECONDS = 60.0
POLL_SECONDS = 0.02


class NotReady(Exception):
    """The service did not become ready; the message says which part has what trouble."""


EXPECTED_ERRORS = (StackError, StoreUnavailable, BrokerUnavailable, MigrationFailed, NotReady)
"""What can keep the stack or the service from coming up, each told in one line."""


@dataclass(frozen=True, slots=True)
class StackOptions:
    """What is wanted of the stack: which broker, where its data lies (None is temporary), which ports (0 is any)."""

    broker: Broker = "tansu"
    data_dir: Path | None = None
    kafka_port: int = 0
    postgres_port: int = 0


@asynccontextmanager
async def servers(settings: Settings, options: StackOptions) -> AsyncIterator[Settings]:
    """Database and broker with schema, topics and development key; gives the settings of a service on them.

    Addresses in the settings are used in place of starting a server. Raises StackError, StoreUnavailable,
    BrokerUnavailable or MigrationFailed.
    """
    stack = Stack(
        options.broker,
        options.data_dir,
        kafka_port=options.kafka_port,
        postgres_port=options.postgres_port,
        database_url=settings.database_url or None,
        bootstrap_servers=settings.kafka_bootstrap_servers or None,
    )
    async with stack:
        if stack.forgets and options.data_dir is not None:
            print_diagnostic(
                "the memory broker starts empty: commands that were not yet decided when it stopped are gone"
            )
        ours = changed(settings, **_addresses(settings, options, stack), **_trust(settings))
        await asyncio.gather(migrate(ours), create(ours))
        yield ours


def _addresses(settings: Settings, options: StackOptions, stack: Stack) -> dict[str, object]:
    found: dict[str, object] = {
        "database_url": stack.database_url,
        "kafka_bootstrap_servers": stack.bootstrap_servers,
    }
    if not settings.kafka_bootstrap_servers and options.broker == "tansu":
        found["kafka_idempotent_producer"] = False
        if "session_timeout_ms" not in settings.model_fields_set:
            # this broker lets every group wait for half of it before the first record
            found["session_timeout_ms"] = 3000
    return found | _ports(settings)


def _ports(settings: Settings) -> dict[str, object]:
    """Any free port, unless one is given."""
    return {port: 0 for port in ("api_port", "admin_port") if port not in settings.model_fields_set}


def _trust(settings: Settings) -> dict[str, object]:
    """The development key, unless the settings name an issuer of their own."""
    if settings.jwks or settings.jwt_issuer:
        return {}
    return {"jwks": str(ensure_key(settings.data_dir).jwks), "jwt_issuer": ISSUER}


@asynccontextmanager
async def registry(settings: Settings, options: StackOptions) -> AsyncIterator[tuple[RunningInstance, Running]]:
    """The servers and the whole service, ready for work when the block begins; all of it is stopped when it is left.

    Whoever is in the block watches `ending.stop`. Raises what `servers` does, SettingsRefused when a port is taken, and
    NotReady.
    """
    ports_free(changed(settings, **_ports(settings)))
    async with servers(settings, options) as ours, running(ours) as service:
        await _ready(service)
        instance = RunningInstance(
            service.api,
            service.admin,
            ours.kafka_bootstrap_servers,
            ours.database_url,
            os.getpid(),
            ours.kafka_idempotent_producer,
        )
        yield instance, service


async def _ready(service: Running) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while any(service.health.readiness().values()):
        if service.shutdown.stop.is_set() or time.monotonic() > deadline:
            reported = "; ".join(
                f"{part}: {trouble}" for part, trouble in service.health.readiness().items() if trouble
            )
            raise NotReady(service.shutdown.reason or f"not ready: {reported}")
        await asyncio.sleep(POLL_SECONDS)
