"""Latency from command to event at constant rates: a process with the product's `load` against one service."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from signal import SIGTERM
from typing import Any

import orjson

from tests.load.contender import OURS, STOP_SECONDS
from tests.load.cpu import cpu_seconds
from tests.load.figure import Figure, short
from tests.load.report import Section, spread
from tests.load.servers import PARTITIONS, PROGRAM, BrokerName, Registry, Servers

COLUMNS = (
    "broker, partitions, rate", "commands/s", "p50 ms", "p99 ms", "process", "PostgreSQL", "broker CPU µs each"
)  # fmt: skip
RATES = (2, 500, 2_000, 5_000)
FEW_PARTITIONS = 4
"""More partitions do not help on two cores; each has its own record batches in all processes."""

WARM_COMMANDS, WARM_RATE = 2_000, 1_000
LEAST_COMMANDS = 40
"""Commands of a measurement at a low rate, which takes longer for that."""


@dataclass(frozen=True, slots=True)
class Target:
    """A broker with a number of partitions, and the rates to measure there."""

    broker: BrokerName
    partitions: int
    rates: Sequence[int]

    def name(self, rate: int) -> str:
        """Return the name of a measurement."""
        return f"{self.broker}, {self.partitions}, {rate:,}/s"


def targets(brokers: Sequence[BrokerName], *, compared: bool) -> list[Target]:
    """Return the last broker at all rates; `compared` adds each broker with many and with few partitions at the highest
    rate.
    """
    first = Target(brokers[-1], PARTITIONS, RATES)
    others = [Target(broker, number, RATES[-1:]) for broker in brokers for number in (PARTITIONS, FEW_PARTITIONS)]
    return [first, *(one for one in others if compared and (one.broker, one.partitions) != (first.broker, PARTITIONS))]


def commands_of(rate: int, seconds: float) -> int:
    """Return the number of commands to measure at a rate."""
    return max(LEAST_COMMANDS, round(rate * seconds))


async def latency(servers: Servers, measured: Sequence[Target], seconds: float, rounds: int) -> Section:
    """Measure percentiles for each target and rate; rounds in turns."""
    reported: dict[tuple[Target, int], list[dict[str, Any]]] = {
        (target, rate): [] for target in measured for rate in target.rates
    }
    for number in range(rounds):
        for target in measured:
            sys.stderr.write(f"round {number + 1} of {rounds}: {target.broker}, {target.partitions} partitions\n")
            for rate, one in (await _round(servers, target, seconds)).items():
                reported[target, rate].append(one)
    section = Section("Latency, command to event (open loop)", COLUMNS)
    for (target, rate), one_rate in reported.items():
        p50, p99 = (Figure(tuple(one["milliseconds"][part] for one in one_rate)) for part in ("p50", "p99"))
        reached = Figure(tuple(one["rate"] for one in one_rate))
        cpu = {who: Figure(tuple(one["cpu"][who] for one in one_rate)) for who in one_rate[0]["cpu"]}
        name = target.name(rate)
        section.rows.append(
            [name, spread(reached), spread(p50), spread(p99), *(short(figure.median) for figure in cpu.values())]
        )
        section.figures[name] = {
            "broker": target.broker,
            "partitions": target.partitions,
            "wanted": rate,
            "p50": p50.as_json(),
            "p99": p99.as_json(),
            "rate": reached.as_json(),
            "cpu_microseconds": {who: figure.as_json() for who, figure in cpu.items()},
        }
    section.remarks = [
        "goals on Apache Kafka, p50 and p99 at most: 2 and 500 commands/s 15 and 40 ms, 2,000/s 25 and 100, 5,000/s 60 "
        "and 200; from the scheduled time of a command until its event is read",
        f"at least {LEAST_COMMANDS} commands: at 2/s the p99 is the longest time; sender and reader use the same cores",
    ]
    return section


async def _round(servers: Servers, target: Target, seconds: float) -> dict[int, dict[str, Any]]:
    """Return what `load` reported for each rate, one after the other, with the CPU microseconds of each process."""
    reported = {}
    async with servers.registry(100_000, target.broker, partitions=target.partitions) as registry:
        child = servers.child("latency", OURS.command, registry.environment())
        assert child.pid is not None
        pids = {"process": child.pid, "PostgreSQL": servers.database_pid, "broker": servers.broker_pid(target.broker)}
        try:
            for rate in target.rates:
                await _load(registry, max(rate, WARM_RATE), WARM_COMMANDS)
                before = {name: cpu_seconds(pid) for name, pid in pids.items()}
                one = await _load(registry, rate, commands_of(rate, seconds))
                after = {name: cpu_seconds(pid) for name, pid in pids.items()}
                cpu = {name: (after[name] - before[name]) / one["commands"] * 1e6 for name in pids}
                reported[rate] = {**one, "cpu": cpu}
        finally:
            await child.stop(SIGTERM, seconds=STOP_SECONDS)
    return reported


async def _load(registry: Registry, rate: int, count: int) -> dict[str, Any]:
    words = ("--rate", str(rate), "--count", str(count))
    process = await asyncio.create_subprocess_exec(
        PROGRAM, "load", "--json", *words, env=registry.environment(), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"`load` failed: {out.decode()}")
    reported: dict[str, Any] = orjson.loads(out)
    return reported
