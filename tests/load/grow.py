"""Growth: the cost of a command by the number of existing codes and inbox ids, and the memory of a consumer."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from signal import SIGTERM

import asyncpg

from tests.load import contender
from tests.load.chart import short_number
from tests.load.contender import OURS, STOP_SECONDS, Load, outcomes
from tests.load.cpu import memory_bytes
from tests.load.figure import Figure, short
from tests.load.read import api, ask
from tests.load.report import Section, spread
from tests.load.seed import remember
from tests.load.servers import PARTITIONS, BrokerName, Servers, fill
from tests.load.window import Out, measure
from tests.load.workload import Workload

COLUMNS = (
    "codes", "commands/s", "CPU µs each", "WAL kB each", "pages read each", "reads/s", "of the first: commands", "reads"
)  # fmt: skip


@dataclass(slots=True)
class Grown:
    """The measured values at one size, one per round."""

    commands: list[float] = field(default_factory=list)
    reads: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    wal: list[float] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)


async def codes(servers: Servers, sizes: Sequence[int], count: int, broker: BrokerName, *, rounds: int) -> Section:
    """Measure commands and reads per second by the number of codes, sizes in turns."""
    grown = {size: Grown() for size in sizes}
    for number in range(rounds):
        for size in sizes:
            await _one_size(servers, Load(count, size), broker, number + 1, grown[size])
    section = Section("Growth", COLUMNS)
    first = grown[sizes[0]]
    for size, result in grown.items():
        shares = [
            _figure(result.commands).over(_figure(first.commands)),
            _figure(result.reads).over(_figure(first.reads)),
        ]
        reported = [result.commands, result.cpu, result.wal, result.pages, result.reads]
        section.rows.append(
            [short_number(size), *(spread(_figure(values)) for values in reported), *map(spread, shares)]
        )
        section.figures[str(size)] = {
            "commands": _figure(result.commands).as_json(),
            "reads": _figure(result.reads).as_json(),
            "cpu_microseconds": _figure(result.cpu).as_json(),
            "wal_kilobytes": _figure(result.wal).as_json(),
            "pages_read": _figure(result.pages).as_json(),
        }
    section.remarks = [
        "goal: constant within 20 % from 10k to 1M; each run begins after a checkpoint, so the first change of a page "
        "writes the whole page to the WAL: with more pages this lasts longer",
    ]
    return section


async def _one_size(servers: Servers, load: Load, broker: BrokerName, number: int, result: Grown) -> None:
    async with servers.registry(load.codes, broker) as registry:
        url = registry.settings.database_url
        await fill(registry, Workload(load.codes, number, load.mix).take(load.count))
        before = await _spent(url)
        measured = await contender.work_off(servers, registry, OURS, load)
        wal, pages = (now - then for now, then in zip(await _spent(url), before, strict=True))
        result.commands.append(measured.rate)
        result.cpu.append(measured.cpu_total)
        result.wal.append(wal / load.count / 1000)
        result.pages.append(pages / load.count)
        async with api(servers, registry) as (_, port):
            await ask(servers, port, 3.0)
            result.reads.append((await ask(servers, port, 6.0))["rate"])


async def _spent(url: str) -> tuple[int, int]:
    """Return the bytes of WAL written by the server, and the pages read from the operating system, until now."""
    session = await asyncpg.connect(url, timeout=30)
    try:
        row = await session.fetchrow(
            "SELECT pg_current_wal_insert_lsn() - '0/0' AS wal, blks_read AS pages FROM pg_stat_database "
            "WHERE datname = current_database()"
        )
    finally:
        await session.close()
    assert row is not None
    return int(row["wal"]), int(row["pages"])


def _figure(values: Sequence[float]) -> Figure:
    return Figure(tuple(values))


async def remembered(servers: Servers, sizes: Sequence[int], count: int, broker: BrokerName) -> Section:
    """Measure the cost of a command by the number of ids in the inbox."""
    section = Section("Remembered ids", ("ids", "commands/s", "CPU µs each", "PostgreSQL", "of the first"))
    load = Load(count)
    first = 0.0
    async with servers.registry(load.codes, broker) as registry:
        existing = 0
        for number, size in enumerate(sizes):
            session = await asyncpg.connect(registry.settings.database_url)
            await remember(session, existing, size, registry.topics.commands)
            await session.close()
            existing = size
            source = f"/bench/agency-system-{number}"
            before = load.count * number
            await fill(registry, Workload(load.codes, number + 1, source=source).take(load.count))
            measured = await contender.work_off(servers, registry, OURS, load, before=before)
            first = first or measured.cpu_total
            reported = (measured.rate, measured.cpu_total, measured.cpu["PostgreSQL"], measured.cpu_total / first)
            section.rows.append([short_number(size), *map(short, reported)])
            section.figures[str(size)] = {"commands": measured.rate, "cpu_microseconds": dict(measured.cpu)}
    section.remarks = ["goal: at most 1.5 times the CPU per command with 10M ids, compared with 1M"]
    return section


async def memory(servers: Servers, slices: int, count: int, broker: BrokerName) -> Section:
    """Measure the memory of a consumer after each slice of a long load."""
    section = Section("Memory of a consumer", ("commands", "MiB resident", "MiB private", "MiB peak"))
    load = Load(slices * count)
    async with servers.registry(load.codes, broker) as registry:
        workload = Workload(load.codes, 1)
        await fill(registry, workload.take(count))
        child = servers.child("memory", OURS.command, registry.environment())
        assert child.pid is not None
        try:
            async with Out(registry.settings, outcomes(registry), PARTITIONS) as out:
                for number in range(1, slices + 1):
                    await measure(out, number * count, {}, lambda: "" if child.alive() else child.last_lines(), warm=1)
                    resident, own, most = (size / 2**20 for size in memory_bytes(child.pid))
                    sys.stderr.write(f"{number * count:,} commands: {resident:.0f} MiB, peak {most:.0f}\n")
                    section.rows.append([f"{number * count:,}", *map(short, (resident, own, most))])
                    section.figures[str(number * count)] = {"resident": resident, "own": own, "most": most}
                    if number < slices:
                        await fill(registry, workload.take(count))
        finally:
            await child.stop(SIGTERM, seconds=STOP_SECONDS)
    section.remarks = ["goal: at most 128 MiB, constant; the process also serves the API (`serve`, role all)"]
    return section
