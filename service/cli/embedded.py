"""The embedded stack and the service in one process, used by `dev` and `demo`."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from consumers.kafka.leader import missing_leaders
from consumers.kafka.session import BrokerUnavailable
from consumers.kafka.topic import create
from service.cli.composition import Running, can_listen, check_ports, running
from service.cli.exit_status import print_diagnostic
from service.cli.option import changed
from service.cli.running_instance import RunningInstance, shared_settings
from service.http.development_key import ISSUER, ensure_key
from service.settings import Settings
from service.stack.errors import StackError
from service.stack.stack import Broker, Stack
from service.store.errors import StoreError
from service.store.migrate import MigrationFailed, migrate

READY_SECONDS = 120.0
POLL_SECONDS = 0.02
LEADER_POLL_SECONDS = 0.2

EMPTY_BROKER = (
    "the memory broker starts empty, as a new cluster: commands that were undecided when it was stopped are lost,"
    " which is accepted"
)


class NotReady(Exception):
    """The service did not become ready. The message names the parts and their errors."""


EXPECTED_ERRORS = (StackError, StoreError, BrokerUnavailable, MigrationFailed, NotReady)
"""Errors at the start of the stack or the service that are reported in one line, without a traceback."""


@dataclass(frozen=True, slots=True)
class StackOptions:
    """The broker, the folder of the data (None is a temporary one) and the ports (0 is any free one).

    The API listens on `preferred_api_port` when that port is free and the settings name none.
    """

    broker: Broker = "tansu"
    data_dir: Path | None = None
    kafka_port: int = 0
    postgres_port: int = 0
    preferred_api_port: int = 0


@asynccontextmanager
async def servers(settings: Settings, options: StackOptions) -> AsyncIterator[Settings]:
    """Run database and broker with schema, topics and development key. Yield the settings of a service that uses them.

    No server is started for an address in the settings. Raises StackError, StoreError, BrokerUnavailable or
    MigrationFailed.
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
        if stack.starts_empty and (options.data_dir is not None or settings.database_url):
            print_diagnostic(EMPTY_BROKER)
        addresses = _addresses(settings, options, stack)
        completed = changed(settings, **addresses, **_trust(settings), **_acceptance(settings, stack))
        await asyncio.gather(migrate(completed), create(completed))
        yield completed


def _addresses(settings: Settings, options: StackOptions, stack: Stack) -> dict[str, object]:
    addresses: dict[str, object] = {
        "database_url": stack.database_url,
        "kafka_bootstrap_servers": stack.bootstrap_servers,
    }
    if not settings.kafka_bootstrap_servers and options.broker == "tansu":
        addresses["kafka_idempotent_producer"] = False
        if "session_timeout_ms" not in settings.model_fields_set:
            # with this broker, a group waits for half of the session timeout before it gets its first record
            addresses["session_timeout_ms"] = 3000
    return addresses | _ports(settings)


def _ports(settings: Settings) -> dict[str, object]:
    """Select free ports for the ports that are not set."""
    return {port: 0 for port in ("api_port", "admin_port") if port not in settings.model_fields_set}


def with_api_port(settings: Settings, given: Settings, port: int) -> Settings:
    """Return the settings with this port of the API when it is free and `given` names none; otherwise unchanged."""
    if "api_port" in given.model_fields_set or not can_listen(settings.api_host, port):
        return settings
    return changed(settings, api_port=port)


def _acceptance(settings: Settings, stack: Stack) -> dict[str, object]:
    """Accept that the records of the earlier broker are gone: the offset marks in the database belong to it."""
    return {"accept_lost_commands": True} if stack.starts_empty else {}


def _trust(settings: Settings) -> dict[str, object]:
    """Return the settings that trust the development key, unless the settings name an issuer or a key set."""
    if settings.jwks or settings.jwt_issuer:
        return {}
    return {"jwks": str(ensure_key(settings.data_dir).jwks), "jwt_issuer": ISSUER}


@asynccontextmanager
async def registry(settings: Settings, options: StackOptions) -> AsyncIterator[tuple[RunningInstance, Running]]:
    """Run the servers and all parts of the service. They are ready when the block begins, and stop when it ends.

    The caller must leave the block when `shutdown.stop` is set. Raises the errors of `servers`, InvalidSettings if a
    port is in use, and NotReady.
    """
    check_ports(changed(settings, **_ports(settings)))
    async with (
        servers(settings, options) as completed,
        # Checked last, so that two stacks that start at the same time do not both choose the port.
        running(with_api_port(completed, settings, options.preferred_api_port)) as service,
    ):
        await wait_until_ready(completed, service)
        instance = RunningInstance(
            service.api,
            service.admin,
            completed.kafka_bootstrap_servers,
            completed.database_url,
            os.getpid(),
            completed.kafka_idempotent_producer,
            shared_settings(completed),
        )
        yield instance, service


async def wait_until_ready(settings: Settings, service: Running) -> None:
    """Wait until all parts of the service are ready, and every partition has a leader that accepts requests.

    The service itself is ready although partitions to which it has not written yet have no leader. Raises NotReady
    with the reasons after READY_SECONDS, or when the service stops.
    """
    end = time.monotonic() + READY_SECONDS
    while waiting := _not_ready(service) or await _without_leader(settings):
        if service.shutdown.stop.is_set() or time.monotonic() > end:
            raise NotReady(service.shutdown.reason or f"not ready after {READY_SECONDS:g} s: {'; '.join(waiting)}")
        await asyncio.sleep(POLL_SECONDS)


def _not_ready(service: Running) -> list[str]:
    return [f"{part}: {reason}" for part, reason in service.health.readiness().items() if reason]


async def _without_leader(settings: Settings) -> list[str]:
    try:
        missing = await missing_leaders(settings)
    except BrokerUnavailable as error:
        missing = [str(error)]
    if missing:
        # Each check opens a connection.
        await asyncio.sleep(LEADER_POLL_SECONDS)
    return missing if len(missing) <= 1 else [missing[0], f"and {len(missing) - 1} more"]
