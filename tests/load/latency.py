"""Latency from command to event at a constant rate: a process with the product's `load` against one service."""

import asyncio
from collections.abc import Sequence
from signal import SIGTERM
from typing import Any

import orjson

from tests.load.contender import OURS, STOP_SECONDS
from tests.load.cpu import cpu_seconds
from tests.load.figure import Figure, short
from tests.load.report import Section, spread
from tests.load.servers import PARTITIONS, PROGRAM, BrokerName, Registry, Servers

COLUMNS = ("broker, partitions", "commands/s", "p50 ms", "p99 ms", "process", "PostgreSQL", "broker CPU µs each")
WARM_COMMANDS = 2_000
FEW_PARTITIONS = 4
"""More partitions do not help on two cores; each has its own record batches in all processes."""


async def latency(servers: Servers, brokers: Sequence[BrokerName], rate: int, seconds: int, rounds: int) -> Section:
    """Measure percentiles for each broker, with the usual number of partitions and with few; rounds in turns."""
    reported: dict[tuple[BrokerName, int], list[dict[str, Any]]] = {
        (broker, partitions): [] for broker in brokers for partitions in (PARTITIONS, FEW_PARTITIONS)
    }
    for _ in range(rounds):
        for (broker, partitions), rounds_reported in reported.items():
            rounds_reported.append(await _round(servers, broker, partitions, rate, seconds))
    section = Section(f"Latency, command to event at {rate:,} commands/s (open loop)", COLUMNS)
    for (broker, partitions), rounds_reported in reported.items():
        name = f"{broker}, {partitions}"
        p50, p99 = (Figure(tuple(one["milliseconds"][part] for one in rounds_reported)) for part in ("p50", "p99"))
        reached = Figure(tuple(one["rate"] for one in rounds_reported))
        cpu = {who: Figure(tuple(one["cpu"][who] for one in rounds_reported)) for who in rounds_reported[0]["cpu"]}
        section.rows.append(
            [name, spread(reached), spread(p50), spread(p99), *(short(figure.median) for figure in cpu.values())]
        )
        section.figures[name] = {
            "p50": p50.as_json(),
            "p99": p99.as_json(),
            "rate": reached.as_json(),
            "cpu_microseconds": {who: figure.as_json() for who, figure in cpu.items()},
        }
    section.remarks = [
        "goal: p50 at most 25 ms, p99 at most 100 ms, from the scheduled time of a command until its event is read",
        "sender and reader use the same cores",
    ]
    return section


async def _round(servers: Servers, broker: BrokerName, partitions: int, rate: int, seconds: int) -> dict[str, Any]:
    async with servers.registry(100_000, broker, partitions=partitions) as registry:
        child = servers.child("latency", OURS.command, registry.environment())
        assert child.pid is not None
        pids = {"process": child.pid, "PostgreSQL": servers.database_pid, "broker": servers.broker_pid(broker)}
        try:
            await _load(registry, "--rate", str(rate), "--count", str(WARM_COMMANDS))
            before = {name: cpu_seconds(pid) for name, pid in pids.items()}
            reported = await _load(registry, "--rate", str(rate), "--count", str(rate * seconds))
            after = {name: cpu_seconds(pid) for name, pid in pids.items()}
        finally:
            await child.stop(SIGTERM, seconds=STOP_SECONDS)
    cpu = {name: (after[name] - before[name]) / reported["commands"] * 1e6 for name in pids}
    return {**reported, "cpu": cpu}


async def _load(registry: Registry, *words: str) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        PROGRAM, "load", "--json", *words, env=registry.environment(), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"`load` failed: {out.decode()}")
    reported: dict[str, Any] = orjson.loads(out)
    return reported
