"""The composition of a service process: which parts run in each role, and how they start and stop."""

import asyncio
import contextlib
import gc
import socket
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import anyio
import anyio.lowlevel

from consumers.backoff import pause
from consumers.health import Health
from consumers.kafka.client import connection as kafka_connection
from consumers.reading.assignment import READING
from consumers.reading.batch import BATCHES
from consumers.relay.status import PART as RELAY
from consumers.run import BROKER, Consumers
from consumers.shutdown import Shutdown
from service import failpoint, telemetry
from service.cli.housekeeping import housekeep
from service.cli.http_writes import broker_side, check_writes
from service.cli.key_watch import KEYS, watch_keys
from service.cli.memory import keep_freed_memory
from service.cli.process_metrics import describe_process
from service.cli.tracing_export import exported_tracing
from service.http.admin import create_admin
from service.http.app import create_app, verifier_of, warn_of_unknown_codes
from service.http.connections import Connections, within_descriptors
from service.http.read_failures import PART as API
from service.http.read_failures import ReadFailures
from service.http.server import serving
from service.settings import InvalidSettings, Settings, variable
from service.store.errors import StoreError, StoreUnsuitable
from service.store.migrate import known_versions, missing_versions
from service.store.pool import connect, create_pool
from service.store.read_store import ReadStore

if TYPE_CHECKING:
    from service.tracing import Tracing

Role = Literal["all", "consumers", "relay", "api"]

DATABASE, MIGRATIONS = "database", "migrations"
PROBE_SECONDS = 2.0
TICK_SECONDS = 0.5
TICK_LIMIT_SECONDS = 30.0
COLLECT_SECONDS = 60.0
# Connections of the admin port.
ADMIN_CONNECTIONS = 64
# The share of the descriptors of the process that the connections of a port may use. The rest is for the database, the
# broker and files.
API_DESCRIPTORS, ADMIN_DESCRIPTORS = 0.5, 0.1
# The share of the shutdown deadline that requests in progress may use.
API_PART = 0.2

_log = telemetry.log(__name__)


@dataclass(slots=True)
class Running:
    """A running service: its addresses (`api` is empty in a role without the API), its health and its shutdown."""

    api: str
    admin: str
    health: Health
    shutdown: Shutdown


@asynccontextmanager
async def running(settings: Settings, role: Role = "all", stop: asyncio.Event | None = None) -> AsyncIterator[Running]:
    """Run the parts of a role. They drain when the block ends.

    Database and broker may be unavailable: the parts that need them wait, and readiness reports it. The caller must
    leave the block when `shutdown.stop` is set (the event `stop`, if given): a part that cannot continue sets it.
    Raises InvalidSettings, also if a port is in use.
    """
    _check(settings, role)
    try:
        failpoint.arm(settings.failpoints)
    except ValueError as error:
        raise InvalidSettings([f"{variable('failpoints')} is invalid: {error}"]) from None
    await _open_files_early()
    shutdown = Shutdown(asyncio.Event() if stop is None else stop)
    health = Health(parts_of(role))
    describe_process(role)
    async with contextlib.AsyncExitStack() as stack:
        admin_socket = stack.enter_context(_listening(settings.admin_host, settings.admin_port, "admin_port"))
        api_socket = (
            stack.enter_context(_listening(settings.api_host, settings.api_port, "api_port"))
            if role in {"all", "api"}
            else None
        )
        await stack.enter_async_context(
            serving(
                create_admin(health),
                admin_socket,
                Connections("admin", within_descriptors(ADMIN_CONNECTIONS, ADMIN_DESCRIPTORS)),
                shutdown.watch,
                seconds=1,
            )
        )
        for name, loop in (("tick", _tick(health)), ("database probe", _probe(settings, health, shutdown))):
            await stack.enter_async_context(_background(loop, shutdown, name))
        if api_socket is not None:
            await stack.enter_async_context(_api(settings, api_socket, health, shutdown))
        if role in {"all", "consumers"}:
            await stack.enter_async_context(_background(housekeep(settings), shutdown, "housekeeping"))
        tracing = stack.enter_context(exported_tracing(settings)) if role != "api" else None
        kafka = None if role == "api" else _start_kafka(settings, role, health, shutdown, tracing)
        _freeze()
        api = "" if api_socket is None else _address(api_socket)
        try:
            yield Running(api, _address(admin_socket), health, shutdown)
        finally:
            shutdown.stop.set()
            health.stopping = True
            drained = asyncio.create_task(asyncio.sleep(settings.drain_delay_seconds))
            if kafka is not None:
                await asyncio.wait((kafka,))
            await drained
            gc.enable()


async def _open_files_early() -> None:
    """Read the files that are needed once, before clients can take all descriptors of the process."""
    known_versions()
    # The library loads its implementation when it is first used.
    await anyio.lowlevel.checkpoint()


def parts_of(role: Role) -> list[str]:
    """Return the parts of readiness of a process."""
    parts = [DATABASE, MIGRATIONS]
    parts += [BROKER] if role != "api" else []
    parts += [READING, BATCHES] if role in {"all", "consumers"} else []
    parts += [RELAY] if role in {"all", "relay"} else []
    parts += [API, KEYS] if role in {"all", "api"} else []
    return parts


def _start_kafka(
    settings: Settings, role: Role, health: Health, shutdown: Shutdown, tracing: "Tracing | None"
) -> asyncio.Task[None]:
    reads, publishes = role != "relay", role != "consumers"
    consumers = Consumers(settings, health, shutdown, reads=reads, publishes=publishes, tracing=tracing)
    task = asyncio.create_task(consumers.run())
    shutdown.watch(task, "consumers")
    return task


def _check(settings: Settings, role: Role) -> None:
    settings.require("database_url", *(() if role == "api" else ("kafka_bootstrap_servers",)))
    if settings.kafka_bootstrap_servers:
        kafka_connection(settings)
    if role in {"all", "api"}:
        settings.require("jwt_issuer", "jwks")
        check_writes(settings)


@contextlib.contextmanager
def _listening(host: str, port: int, field: str) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        problem = f"{variable(field)}: cannot listen on {host} port {port}: {error.strerror or error}"
        raise InvalidSettings([problem]) from None
    with listener:
        yield listener


def can_listen(host: str, port: int) -> bool:
    """Return whether a server could listen on this address now."""
    try:
        with _listening(host, port, "api_port"):
            return True
    except InvalidSettings:
        return False


def check_ports(settings: Settings) -> None:
    """Raise InvalidSettings if a port is in use. Called before the servers are started."""
    for field in ("api", "admin"):
        with _listening(getattr(settings, f"{field}_host"), getattr(settings, f"{field}_port"), f"{field}_port"):
            pass


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@asynccontextmanager
async def _api(settings: Settings, listener: socket.socket, health: Health, shutdown: Shutdown) -> AsyncIterator[None]:
    try:
        verifier = verifier_of(settings)
    except ValueError as error:
        raise InvalidSettings([f"{variable('jwks')}: {error}"]) from None
    pool = await create_pool(settings, "api")
    expensive = await create_pool(settings, "api-expensive", settings.max_expensive_reads)
    try:
        reader, failures = ReadStore(pool), ReadFailures(health)
        connections = Connections("api", within_descriptors(settings.max_connections, API_DESCRIPTORS))
        async with (
            _background(failures.probe(), shutdown, "probe of failed reads"),
            _background(_warn(settings, reader, failures), shutdown, "check of visible codes"),
            _background(watch_keys(verifier.keys, health), shutdown, "token keys"),
            broker_side(settings, shutdown) as broker,
        ):
            app = create_app(
                settings, reader, ReadStore(expensive), verifier, failures, origin=broker.origin, writes=broker.writes
            )
            seconds = settings.shutdown_deadline_seconds * API_PART
            async with serving(app, listener, connections, shutdown.watch, seconds):
                try:
                    yield
                finally:
                    broker.end_waits()
    finally:
        pool.connections.terminate()
        expensive.connections.terminate()


async def _warn(settings: Settings, reader: ReadStore, failures: ReadFailures) -> None:
    try:
        await warn_of_unknown_codes(settings, reader)
    except StoreError as error:
        failures.record(error)


@asynccontextmanager
async def _background(work: Coroutine[Any, Any, None], shutdown: Shutdown, name: str) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    shutdown.watch(task, name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait((task,))


async def _tick(health: Health) -> None:
    """Report the heartbeat and the lag of the event loop, and collect the garbage of the batches."""
    collected = time.monotonic()
    while True:
        due = time.monotonic() + TICK_SECONDS
        await asyncio.sleep(TICK_SECONDS)
        now = time.monotonic()
        telemetry.LOOP_LAG_SECONDS.set(max(0.0, now - due))
        health.heartbeat("event loop", TICK_LIMIT_SECONDS)
        if now - collected > COLLECT_SECONDS:
            gc.collect()
            collected = time.monotonic()


async def _probe(settings: Settings, health: Health, shutdown: Shutdown) -> None:
    """Check periodically whether the database is available and has all migrations; stop if it must not be used."""
    connection = None
    never = asyncio.Event()
    while True:
        try:
            if connection is None:
                connection = await connect(settings, "health")
            missing = await missing_versions(connection)
        except StoreUnsuitable as error:
            shutdown.fail(str(error))
            return
        except StoreError as error:
            health.mark_not_ready(DATABASE, str(error))
            if connection is not None:
                connection.terminate()
            connection = None
        else:
            health.mark_ready(DATABASE)
            if missing:
                health.mark_not_ready(MIGRATIONS, f"missing: {', '.join(missing)}; run `producer-registry migrate`")
            else:
                health.mark_ready(MIGRATIONS)
        await pause(PROBE_SECONDS, never)


def _freeze() -> None:
    """Exclude all existing objects from garbage collection, and let only `_tick` collect garbage from now on."""
    gc.collect()
    gc.freeze()
    gc.disable()
    keep_freed_memory()
