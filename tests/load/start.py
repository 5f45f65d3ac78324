"""The start of a process: from its creation until it is ready, while its servers run and its topics exist."""

import asyncio
import sys
import time
from collections.abc import Sequence
from signal import SIGTERM

from service.stack.port import choose
from tests.load.contender import OURS, STOP_SECONDS
from tests.load.cpu import cpu_seconds
from tests.load.http_writes import CODES, READY_SECONDS, Reported, figure
from tests.load.report import Section, spread
from tests.load.servers import BrokerName, Registry, Servers
from tests.load.window import Stalled
from tests.support.http_client import Asker, asker

COLUMNS = ("broker", "ready after ms", "first response after ms", "CPU ms until ready")
POLL_SECONDS = 0.005


async def start(servers: Servers, brokers: Sequence[BrokerName], runs: int) -> Section:
    """Start a process of all roles this many times with each broker."""
    section = Section("Start: from exec until ready, all roles, servers up", COLUMNS)
    for broker in brokers:
        async with servers.registry(CODES, broker) as registry:
            # The first start compiles the sources and creates the broker's topic of offsets; it is not measured.
            await _start(servers, registry)
            reported = [await _start(servers, registry) for _ in range(runs)]
        figures = {name: figure(reported, name) for name in reported[0]}
        section.rows.append([broker, *map(spread, figures.values())])
        section.figures[broker] = {name: one.as_json() for name, one in figures.items()}
    section.remarks = [
        "goal: at most 1,500 ms on Apache Kafka, whose group.initial.rebalance.delay.ms is 0 here",
        f"median of {runs} starts (least to most); readiness is polled every {POLL_SECONDS * 1000:g} ms",
    ]
    return section


async def _start(servers: Servers, registry: Registry) -> Reported:
    port = choose(0, server=OURS.name, setting="nothing")
    environment = registry.environment(REGISTRY_ADMIN_PORT=str(port))
    # An installation has compiled sources.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    begin = time.perf_counter()
    child = servers.child("start", OURS.command, environment)
    assert child.pid is not None
    first = 0.0
    try:
        async with asker(port) as admin:
            while (status := await _status(admin)) != 200:
                now = time.perf_counter()
                first = first or (now if status else 0.0)
                if not child.alive() or now - begin > READY_SECONDS:
                    raise Stalled(f"the service was not ready after {now - begin:.0f} seconds: {child.last_lines()}")
                await asyncio.sleep(POLL_SECONDS)
        ready = time.perf_counter()
        cpu = cpu_seconds(child.pid)
    finally:
        await child.stop(SIGTERM, seconds=STOP_SECONDS)
    sys.stderr.write(f"ready after {(ready - begin) * 1000:,.0f} ms\n")
    return {"ready": (ready - begin) * 1000, "first": ((first or ready) - begin) * 1000, "cpu": cpu * 1000}


async def _status(admin: Asker) -> int:
    """Return the status of readiness, or 0 while nothing responds."""
    try:
        return (await admin.get("/readyz"))[0]
    except (OSError, EOFError):
        return 0
