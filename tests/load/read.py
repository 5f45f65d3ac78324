"""Reading: the account's codes over HTTP in turns with pgbench on the same query, and during a write load."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from signal import SIGTERM
from typing import Any

import orjson

from service.stack.child import Child
from tests.load import contender
from tests.load.contender import OURS, STOP_SECONDS, Load
from tests.load.cpu import cpu_seconds
from tests.load.figure import Figure, short
from tests.load.peers import pgbench
from tests.load.report import Section, spread
from tests.load.servers import PROGRAM, BrokerName, Registry, Servers, fill
from tests.load.workload import Workload

CLIENTS = 8
"""Connections of the client; pgbench has as many sessions."""

COLUMNS = ("who", "per second", "share of pgbench", "p50 ms", "p99 ms", "CPU µs: process", "PostgreSQL", "client")


@asynccontextmanager
async def api(servers: Servers, registry: Registry) -> AsyncIterator[tuple[Child, int]]:
    """Start a process with the API, and yield it with its port."""
    environment = registry.environment(REGISTRY_LOG_LEVEL="info", REGISTRY_DATABASE_POOL_SIZE=str(CLIENTS))
    child = servers.child("api", (PROGRAM, "serve", "--role", "api"), environment)
    try:

        async def ready() -> bool:
            return re.search(r'"api": "http://[^"]+:\d+"', child.printed()) is not None

        await child.until(ready, seconds=60)
        found = re.search(r'"api": "http://[^"]+:(\d+)"', child.printed())
        assert found is not None
        yield child, int(found[1])
    finally:
        await child.stop(SIGTERM, seconds=STOP_SECONDS)


async def ask(servers: Servers, port: int, seconds: float, rate: float | None = None) -> dict[str, Any]:
    """Run the client for this many seconds, as fast as it can or at a rate of requests per second."""
    words = [str(port), str(CLIENTS), str(seconds), str(servers.tokens)]
    words += [] if rate is None else [str(rate)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.load.reads", *words, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError("the client of the reads failed; see above")
    reported: dict[str, Any] = orjson.loads(out)
    return reported


async def _measured(servers: Servers, child: Child, port: int, seconds: float) -> dict[str, Any]:
    assert child.pid is not None
    pids = {"process": child.pid, "PostgreSQL": servers.database_pid}
    before = {name: cpu_seconds(pid) for name, pid in pids.items()}
    reported = await ask(servers, port, seconds)
    spent = {name: (cpu_seconds(pid) - before[name]) / reported["requests"] * 1e6 for name, pid in pids.items()}
    return {**reported, "cpu": {**spent, "client": reported["client_cpu"]}}


async def against_pgbench(servers: Servers, codes: int, seconds: int, rounds: int, broker: BrokerName) -> Section:
    """Measure HTTP and pgbench in turns."""
    http: list[dict[str, Any]] = []
    query: list[pgbench.Queries] = []
    stamps: list[pgbench.Queries] = []
    async with servers.registry(codes, broker) as registry, api(servers, registry) as (child, port):
        await ask(servers, port, seconds / 2)
        await pgbench.run(registry.settings.database_url, servers.folder, clients=CLIENTS, seconds=2)
        for _ in range(rounds):
            http.append(await _measured(servers, child, port, seconds))
            url = registry.settings.database_url
            query.append(await pgbench.run(url, servers.folder, clients=CLIENTS, seconds=seconds))
            text = pgbench.stamps_script()
            stamps.append(await pgbench.run(url, servers.folder, clients=CLIENTS, seconds=seconds, text=text))
    ours, theirs = Figure(tuple(one["rate"] for one in http)), Figure(tuple(one.rate for one in query))
    bare = Figure(tuple(one.rate for one in stamps))
    share = ours.over(theirs)
    cpu = {name: Figure(tuple(one["cpu"][name] for one in http)) for name in ("process", "PostgreSQL", "client")}
    p50, p99 = (Figure(tuple(one[name] for one in http)) for name in ("p50", "p99"))
    average = Figure(tuple(one.milliseconds for one in query))
    section = Section(f"Reading, {codes:,} codes: a caller's first page of 25, {CLIENTS} connections", COLUMNS)
    section.rows = [
        ["ours over HTTP", spread(ours), spread(share), spread(p50), spread(p99)]
        + [short(figure.median) for figure in cpu.values()],
        ["(d) pgbench, the page as JSON", spread(theirs), "", f"{spread(average)} on average", "", "", "", ""],
        ["pgbench, only codes and their states", spread(bare), "", "", "", "", "", ""],
    ]
    section.remarks = [
        "goal: 0.80 of pgbench; HTTP includes a token check and JSON, and the client uses the same cores",
        f"the service sends the second query for several callers at once: {short(ours.over(bare).median)} of its rate",
        f"an answer has {http[0]['bytes']:,.0f} bytes on average",
    ]
    section.figures = {
        "http": {"rate": ours.as_json(), "p50": p50.as_json(), "p99": p99.as_json()},
        "pgbench": {"rate": theirs.as_json(), "milliseconds": average.as_json()},
        "share": share.as_json(),
        "pgbench_states": {"rate": bare.as_json()},
        "share_of_states": ours.over(bare).as_json(),
        "cpu_microseconds": {name: figure.as_json() for name, figure in cpu.items()},
    }
    return section


async def during_writes(servers: Servers, load: Load, broker: BrokerName) -> Section:
    """Measure reads during a write load, and both separately before."""
    friendly = (await contender.run(servers, OURS, load, broker)).rate
    async with servers.registry(load.codes, broker) as registry, api(servers, registry) as (_, port):
        alone = await ask(servers, port, 3.0)
        await fill(registry, Workload(load.codes, 1, load.mix).take(load.count))
        worked_off = asyncio.Event()
        reading = asyncio.create_task(_until(worked_off, servers, port))
        try:
            measured = await contender.work_off(servers, registry, OURS, load)
        finally:
            worked_off.set()
            rates = await reading
    reads = Figure(tuple(rates[1:] or rates))
    section = Section("Reads during writes", ("what", "per second", "alone", "share"))
    section.rows = [
        ["commands", short(measured.rate), short(friendly), short(measured.rate / friendly)],
        ["reads", spread(reads), short(alone["rate"]), short(reads.median / alone["rate"])],
    ]
    section.remarks = ["goal: each within 3x of its rate alone"]
    section.figures = {
        "commands": measured.rate,
        "reads": reads.as_json(),
        "commands_alone": friendly,
        "reads_alone": alone["rate"],
    }
    return section


async def _until(over: asyncio.Event, servers: Servers, port: int) -> list[float]:
    """Measure rates of reading repeatedly; the last measurement, which is interrupted, does not count."""
    rates: list[float] = []
    while True:
        rate = (await ask(servers, port, 1.5))["rate"]
        if over.is_set():
            return rates
        rates.append(rate)
