"""The statements of a batch of one command and of 2,000: how often each one runs in a batch, and how long it takes."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from statistics import mean, median

from tests.load.contender import outcomes
from tests.load.figure import short
from tests.load.report import Section
from tests.load.servers import PARTITIONS, BrokerName, Servers, fill
from tests.load.timeline import CODES, one_at_a_time, traced
from tests.load.window import Out, measure
from tests.load.workload import Workload
from tests.load.write_steps import Step, discard_steps, steps_in

COLUMNS = ("statement", "one command: per batch", "ms", "2,000 commands: per batch", "ms")
PREFIX = "statement: "
COPY = f"{PREFIX}COPY "

Taken = dict[str, tuple[float, float]]
"""For each statement how often it runs in a batch, and the median of its milliseconds."""


def per_batch(steps: Sequence[Step]) -> tuple[Taken, float, float]:
    """Return the statements of the batches, and for a batch the mean of its round trips and the median of its ms.

    A COPY has two round trips, each other statement one. Statements outside batches do not count.
    """
    batches = sorted((begin, end) for name, begin, end in steps if name == "batch")
    begins = [begin for begin, _ in batches]
    times: dict[str, list[float]] = defaultdict(list)
    for name, begin, end in steps:
        place = bisect_right(begins, begin) - 1
        if name.startswith(PREFIX) and place >= 0 and end <= batches[place][1]:
            times[name].append((end - begin) * 1000)
    taken = {name: (len(each) / len(batches), median(each)) for name, each in times.items()}
    trips = sum(often * (2 if name.startswith(COPY) else 1) for name, (often, _) in taken.items())
    return taken, trips, median((end - begin) * 1000 for begin, end in batches)


async def statements(servers: Servers, count: int, backlog: int, broker: BrokerName) -> Section:
    """Measure `count` commands that come one at a time, and a backlog that is decided in batches of 2,000."""
    _, one = await one_at_a_time(servers, count, broker)
    many = await _backlog(servers, backlog, broker)
    batches = [per_batch(one), per_batch(many)]
    section = Section(f"Statements of a batch, broker {broker}", COLUMNS)
    whole = [short(value) for _, trips, milliseconds in batches for value in (trips, milliseconds)]
    section.rows.append(["whole batch, round trips", *whole])
    for name in dict.fromkeys(name for taken, _, _ in batches for name in taken):
        cells = [short(value) for taken, _, _ in batches for value in taken.get(name, (0.0, 0.0))]
        section.rows.append([f"  {name.removeprefix(PREFIX)}", *cells])
    section.remarks = [
        "statements that save rows run while the messages are made, so their time includes time of the event loop",
        f"between two batches of the backlog: {short(mean(pauses(many)) * 1000)} ms",
    ]
    section.figures = dict(zip(("one", "many"), batches, strict=True))
    return section


def pauses(steps: Sequence[Step]) -> list[float]:
    """Return the seconds between batches."""
    batches = sorted((begin, end) for name, begin, end in steps if name == "batch")
    return [begin - end for (_, end), (begin, _) in pairwise(batches)]


async def _backlog(servers: Servers, count: int, broker: BrokerName) -> list[Step]:
    file = servers.folder / "statements-many"
    async with servers.registry(CODES, broker) as registry:
        await fill(registry, Workload(CODES, 3).take(count))
        await servers.checkpoint()
        async with (
            traced(servers, registry, file) as child,
            Out(registry.settings, outcomes(registry), PARTITIONS) as out,
        ):
            await measure(out, count // 5, {}, lambda: "" if child.alive() else child.last_lines(), warm=1)
            discard_steps(child)
            await measure(out, count, {}, lambda: "" if child.alive() else child.last_lines(), warm=1)
    return steps_in(file)
