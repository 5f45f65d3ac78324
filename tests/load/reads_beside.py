"""Reads at a constant rate, at rest and while commands are written at a constant rate, in windows in turns."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from service.stack.port import choose
from tests.load.contender import outcomes
from tests.load.figure import Figure
from tests.load.http_writes import APART, CODES, OURS, REGISTRY, Reported, figure, running
from tests.load.read import CLIENTS, ask
from tests.load.report import Section, spread
from tests.load.sending import encoded, result, sending
from tests.load.servers import PARTITIONS, BrokerName, Registry, Servers
from tests.load.window import Out, measure

COLUMNS = ("processes", "reads", "writes/s", "reads/s", "p50 ms", "p99 ms", "p99 of that at rest")
WRITES_PER_SECOND = 2_000
READS_PER_SECOND = 200
LEAD_SECONDS = 2.0
"""The writes begin and end so long before and after the reads: the start of their sender is not measured."""

PROCESSES = {"one": OURS, "three": APART}


@dataclass(slots=True)
class Windows:
    """What the client of the reads reported in each window."""

    rest: list[Reported] = field(default_factory=list)
    busy: list[Reported] = field(default_factory=list)

    @property
    def ratio(self) -> Figure:
        """The 99th percentiles beside writes, compared with those at rest just before."""
        return figure(self.busy, "p99").over(figure(self.rest, "p99"))


async def reads_beside_writes(servers: Servers, seconds: float, rounds: int, broker: BrokerName) -> Section:
    """Measure windows of this many seconds, with one process of all roles and with three processes."""
    windows = {name: await _windows(servers, who, seconds, rounds, broker) for name, who in PROCESSES.items()}
    title = f"Reads beside {WRITES_PER_SECOND:,} commands/s, {READS_PER_SECOND} reads/s on {CLIENTS} connections"
    section = Section(f"{title}, broker {broker}", COLUMNS)
    for name, taken in windows.items():
        section.rows += [
            _row(name, "at rest", taken.rest, ""),
            _row(name, "beside writes", taken.busy, f"{spread(taken.ratio)} x"),
        ]
        section.figures[name] = {
            "rest": {part: figure(taken.rest, part).as_json() for part in ("rate", "p50", "p99")},
            "busy": {part: figure(taken.busy, part).as_json() for part in ("rate", "p50", "p99", "writes")},
            "p99_ratio": taken.ratio.as_json(),
        }
    section.remarks = [
        "goal: the p99 beside writes at most 2 times that at rest",
        "both are open loops; the clients use the same cores",
    ]
    return section


def _row(name: str, kind: str, reported: Sequence[Reported], ratio: str) -> list[str]:
    writes = spread(figure(reported, "writes")) if "writes" in reported[0] else ""
    return [name, kind, writes, *(spread(figure(reported, part)) for part in ("rate", "p50", "p99")), ratio]


async def _windows(servers: Servers, who: str, seconds: float, rounds: int, broker: BrokerName) -> Windows:
    windows, port = Windows(), choose(0, server=who, setting="nothing")
    async with (
        servers.registry(CODES, broker) as registry,
        running(servers, registry, who, REGISTRY[who], port),
        Out(registry.settings, outcomes(registry), PARTITIONS) as out,
    ):
        # Warm-up, not measured.
        await _with_writes(servers, registry, out, port, seconds / 2, seed=1)
        for number in range(rounds):
            sys.stderr.write(f"round {number + 1} of {rounds}: {who}\n")
            windows.rest.append(await ask(servers, port, seconds, READS_PER_SECOND))
            windows.busy.append(await _with_writes(servers, registry, out, port, seconds, seed=number + 2))
    return windows


async def _with_writes(
    servers: Servers, registry: Registry, out: Out, port: int, seconds: float, *, seed: int
) -> Reported:
    """Read while commands are sent, and wait until all of them are decided."""
    before = out.count
    async with encoded(servers, registry, WRITES_PER_SECOND, seconds + 2 * LEAD_SECONDS, seed=seed) as commands:
        await servers.checkpoint()
        async with sending(servers, registry, commands) as generator:
            await _decided(out, before + 1)
            await asyncio.sleep(LEAD_SECONDS)
            reported = await ask(servers, port, seconds, READS_PER_SECOND)
            generated = await result(generator)
    await _decided(out, before + int(generated["commands"]))
    return {**reported, "writes": generated["commands"] / generated["seconds"]}


async def _decided(out: Out, count: int) -> None:
    await measure(out, count, {}, lambda: "", warm=1)
