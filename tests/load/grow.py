"""Growth: what codes and remembered ids that are there already cost, and what memory a consumer takes."""

from collections.abc import Sequence
from pathlib import Path
from signal import SIGTERM

import asyncpg

from tests.load import contender
from tests.load.chart import chart, spoken
from tests.load.contender import OURS, STOP_SECONDS, Load, outcomes
from tests.load.cpu import memory_bytes
from tests.load.figure import Figure, short
from tests.load.place import PARTITIONS, BrokerName, Place, fill
from tests.load.read import api, ask
from tests.load.report import Section, spread
from tests.load.seed import remember
from tests.load.window import Out, measure
from tests.load.workload import Workload


async def codes(
    place: Place, sizes: Sequence[int], count: int, broker: BrokerName, *, rounds: int, picture: Path
) -> Section:
    """Commands and reads per second by the number of codes, sizes in turns; draws both curves."""
    writes: dict[int, list[float]] = {size: [] for size in sizes}
    reads: dict[int, list[float]] = {size: [] for size in sizes}
    cpu: dict[int, list[float]] = {size: [] for size in sizes}
    for number in range(rounds):
        for size in sizes:
            measured = await contender.run(place, OURS, Load(count, size), broker, number + 1)
            writes[size].append(measured.rate)
            cpu[size].append(measured.cpu_total)
            async with place.ground(size, broker) as ground, api(place, ground) as (_, port):
                await ask(place, port, 2.0)
                reads[size].append((await ask(place, port, 3.0))["rate"])
    section = Section("Growth", ("codes", "commands/s", "CPU µs each", "reads/s", "of the first: commands", "reads"))
    first = sizes[0]
    for size in sizes:
        write, read = Figure(tuple(writes[size])), Figure(tuple(reads[size]))
        shares = write.over(Figure(tuple(writes[first]))), read.over(Figure(tuple(reads[first])))
        spent = Figure(tuple(cpu[size]))
        section.rows.append([spoken(size), spread(write), spread(spent), spread(read), *map(spread, shares)])
        section.figures[str(size)] = {
            "commands": write.as_json(),
            "reads": read.as_json(),
            "cpu_microseconds": spent.as_json(),
        }
    curves = {
        "commands per second": [(float(size), Figure(tuple(writes[size])).median) for size in sizes],
        "reads per second": [(float(size), Figure(tuple(reads[size])).median) for size in sizes],
    }
    picture.write_text(chart("Cost of growth", "producer codes in the registry", curves))
    section.remarks = ["goal: flat within 20 % from 10k to 1M", f"picture: {picture}"]
    return section


async def remembered(place: Place, sizes: Sequence[int], count: int, broker: BrokerName) -> Section:
    """The cost of a command by the number of ids that the inbox remembers already."""
    section = Section("Remembered ids", ("ids", "commands/s", "CPU µs each", "PostgreSQL", "of the first"))
    load = Load(count)
    first = 0.0
    async with place.ground(load.codes, broker) as ground:
        there = 0
        for number, size in enumerate(sizes):
            session = await asyncpg.connect(ground.settings.database_url)
            await remember(session, there, size, ground.topics.commands)
            await session.close()
            there = size
            source = f"/bench/agency-system-{number}"
            before = load.count * number
            await fill(ground, Workload(load.codes, number + 1, source=source).take(load.count))
            measured = await contender.work_off(place, ground, OURS, load, before=before)
            first = first or measured.cpu_total
            told = (measured.rate, measured.cpu_total, measured.cpu["PostgreSQL"], measured.cpu_total / first)
            section.rows.append([spoken(size), *map(short, told)])
            section.figures[str(size)] = {"commands": measured.rate, "cpu_microseconds": dict(measured.cpu)}
    section.remarks = ["goal: 10M cost at most 1.5 times what 1M cost (CPU per command)"]
    return section


async def memory(place: Place, slices: int, count: int, broker: BrokerName) -> Section:
    """The memory of a consumer after each slice of a long load."""
    section = Section("Memory of a consumer", ("commands", "MiB resident", "of that its own"))
    load = Load(slices * count)
    async with place.ground(load.codes, broker) as ground:
        workload = Workload(load.codes, 1)
        await fill(ground, workload.take(count))
        child = place.child("memory", OURS.command, ground.environment())
        assert child.pid is not None
        try:
            async with Out(ground.settings, outcomes(ground), PARTITIONS) as out:
                for number in range(1, slices + 1):
                    await measure(out, number * count, {}, lambda: "" if child.alive() else child.last_lines(), warm=1)
                    resident, own = (size / 2**20 for size in memory_bytes(child.pid))
                    section.rows.append([f"{number * count:,}", short(resident), short(own)])
                    section.figures[str(number * count)] = {"resident": resident, "own": own}
                    if number < slices:
                        await fill(ground, workload.take(count))
        finally:
            await child.stop(SIGTERM, seconds=STOP_SECONDS)
    section.remarks = ["goal: at most 128 MiB, flat; the process serves the API too (`serve`, role all)"]
    return section
