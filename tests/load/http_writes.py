"""Writes over HTTP: the registry, in one process and in three, in turns with a plain FastAPI service."""

import asyncio
import contextlib
import re
import secrets
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from signal import SIGTERM

import orjson

from service.stack.child import Child
from service.stack.port import answers, choose
from tests.load.contender import STOP_SECONDS
from tests.load.cpu import cpu_seconds
from tests.load.figure import Figure, short
from tests.load.report import Section, spread
from tests.load.servers import PROGRAM, BrokerName, Registry, Servers
from tests.support.http_client import asker

CONNECTIONS = (1, 16, 64)
WARM_CONNECTIONS, WARM_SECONDS = 16, 3.0
WARM_BROKER_SECONDS = 20.0
"""For about a minute under load, a new JVM takes two thirds of its CPU time to compile its code."""

READY_SECONDS = 60.0
CODES = 100_000

OURS = "ours"
APART = "ours, three processes"
PEER = "FastAPI and asyncpg"
COLUMNS = (
    "who, connections",
    "writes/s",
    "ours is",
    "p50 ms",
    "p99 ms",
    "CPU µs: process",
    "PostgreSQL",
    "broker",
    "client",
)

Commands = Sequence[Sequence[str]]
"""The command line of each process of a program; the first one listens on the port for requests."""

REGISTRY: dict[str, Commands] = {
    OURS: ((PROGRAM, "serve"),),
    APART: tuple((PROGRAM, "serve", "--role", role) for role in ("api", "consumers", "relay")),
}


PROCESSES = ("process", "PostgreSQL", "broker", "client")

Reported = dict[str, float]
"""What a client reported of one measurement, and the CPU microseconds per request of each of PROCESSES."""


async def against_peer(servers: Servers, seconds: float, rounds: int, broker: BrokerName) -> Section:
    """Measure all programs in turns. Each round has new databases, topics and processes."""
    reported: dict[tuple[int, str], list[Reported]] = {
        (connections, who): [] for connections in CONNECTIONS for who in (OURS, APART, PEER)
    }
    if broker == "apache":
        await _warm_up(servers, broker)
    for number in range(rounds):
        for who in (OURS, PEER, APART):
            sys.stderr.write(f"round {number + 1} of {rounds}: {who}\n")
            async with (
                servers.registry(CODES, broker) as registry,
                _running(servers, registry, who) as (port, children),
            ):
                await client(servers, port, WARM_CONNECTIONS, WARM_SECONDS)
                await servers.checkpoint()
                for connections in CONNECTIONS:
                    spent = partial(_cpu_seconds, servers, registry, children)
                    reported[connections, who].append(await _measured(servers, port, connections, seconds, spent))
    return _section(reported, broker)


async def _warm_up(servers: Servers, broker: BrokerName) -> None:
    """Let the broker compile what the requests of the programs need."""
    for who in (OURS, PEER, OURS):
        sys.stderr.write(f"warm-up: {who}\n")
        async with servers.registry(CODES, broker) as registry, _running(servers, registry, who) as (port, _):
            await client(servers, port, max(CONNECTIONS), WARM_BROKER_SECONDS)


def _section(reported: Mapping[tuple[int, str], Sequence[Reported]], broker: BrokerName) -> Section:
    section = Section(f"Writes over HTTP: new codes among {CODES:,}, broker {broker}", COLUMNS)
    for (connections, who), rounds in reported.items():
        rate, p50, p99 = (figure(rounds, name) for name in ("rate", "p50", "p99"))
        cpu = {name: figure(rounds, name) for name in PROCESSES}
        ratio = figure(reported[connections, OURS], "rate").over(rate)
        name = f"{who}, {connections}"
        section.rows.append(
            [name, spread(rate), "" if who == OURS else f"{spread(ratio)} x", spread(p50), spread(p99)]
            + [short(one.median) for one in cpu.values()]
        )
        section.figures[name] = {
            "rate": rate.as_json(),
            "ours_over": ratio.as_json(),
            "p50": p50.as_json(),
            "p99": p99.as_json(),
            "cpu_microseconds": {name: one.as_json() for name, one in cpu.items()},
        }
    section.remarks = [
        "goals: 3 times the peer at 64 connections; a median of 35 ms at one connection on Apache Kafka",
        "the client uses the same cores; it checks that each response is 201",
    ]
    return section


def figure(rounds: Sequence[Reported], name: str) -> Figure:
    """Return a figure of these measurements."""
    return Figure(tuple(one[name] for one in rounds))


@asynccontextmanager
async def _running(servers: Servers, registry: Registry, who: str) -> AsyncIterator[tuple[int, list[Child]]]:
    """Start the processes of a program, and yield the port for requests when all of them are ready."""
    port = choose(0, server=who, setting="nothing")
    commands = REGISTRY.get(who, ((sys.executable, "-m", "tests.load.peers.http_service", str(port)),))
    async with running(servers, registry, who, commands, port) as children:
        yield port, children


@asynccontextmanager
async def running(
    servers: Servers, registry: Registry, name: str, commands: Commands, port: int
) -> AsyncIterator[list[Child]]:
    """Start processes, and yield them when all are ready; the first one listens on this port for requests."""
    children: list[Child] = []
    try:
        for number, command in enumerate(commands):
            more = {"REGISTRY_API_PORT": str(port)} if number == 0 else {}
            environment = registry.environment(**more, REGISTRY_LOG_LEVEL="info")
            children.append(servers.child(name, command, environment))
        for child in children:
            await child.until(partial(_ready, child, port), seconds=READY_SECONDS)
        yield children
    finally:
        for child in children:
            await child.stop(SIGTERM, seconds=STOP_SECONDS)


async def _ready(child: Child, port: int) -> bool:
    """Return whether a process is ready; the peer, which has no port for that, when it accepts connections."""
    admin_port = admin_port_of(child)
    if not admin_port:
        return child.name == PEER and await answers(port)
    with contextlib.suppress(OSError, EOFError):
        async with asker(admin_port) as admin:
            return (await admin.get("/readyz"))[0] == 200
    return False


def admin_port_of(child: Child) -> int:
    """Return the port for readiness that a process of the registry has printed; 0 before that."""
    printed = re.search(r'"admin": "http://[^"]+:(\d+)"', child.printed())
    return int(printed[1]) if printed else 0


async def client(servers: Servers, port: int, connections: int, seconds: float) -> Reported:
    """Run the client for this many seconds, with codes that no other run has."""
    words = (str(port), str(connections), str(seconds), str(servers.tokens), secrets.token_hex(4))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.load.writes", *words, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError("the client of the writes failed; see above")
    reported: Reported = orjson.loads(out)
    return reported


async def _measured(
    servers: Servers, port: int, connections: int, seconds: float, spent: Callable[[], Mapping[str, float]]
) -> Reported:
    before = spent()
    reported = await client(servers, port, connections, seconds)
    cpu = {name: (after - before[name]) / reported["requests"] * 1e6 for name, after in spent().items()}
    return {**reported, **cpu, "client": reported["client_cpu"]}


def _cpu_seconds(servers: Servers, registry: Registry, children: Sequence[Child]) -> dict[str, float]:
    return {
        "process": sum(cpu_seconds(child.pid) for child in children if child.pid),
        "PostgreSQL": cpu_seconds(servers.database_pid),
        "broker": cpu_seconds(servers.broker_pid(registry.broker)),
    }
