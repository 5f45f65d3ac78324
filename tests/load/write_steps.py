"""Where the time of a write over HTTP goes, with one connection: the steps that a traced process records."""

import os
import signal
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median

import orjson

from service.stack.child import Child
from service.stack.port import choose
from tests.load.figure import Figure, short
from tests.load.http_writes import CODES, WARM_SECONDS, client, figure, running
from tests.load.report import Section, spread
from tests.load.servers import BrokerName, Servers

COLUMNS = ("step", "ms, median of the rounds")
TRACED = "ours, traced"

Step = tuple[str, float, float]
"""A name, and the times of begin and end in seconds."""


def discard_steps(child: Child) -> None:
    """Let a traced process discard its steps until now."""
    assert child.pid is not None
    os.kill(child.pid, signal.SIGUSR1)


def steps_in(file: Path) -> list[Step]:
    """Return the steps that a traced process has written at its end."""
    return [tuple(step) for step in orjson.loads(file.read_bytes())]


PARTS = (
    "authentication, parsing and connection",
    "first look into the inbox",
    "building the command",
    "publish until all replicas have it",
    "until the batch begins",
    "batch",
    "until the notification",
    "read of the outcome",
    "until the request continues",
    "read of the resource",
    "building the response",
)


def parts_of(steps: Sequence[Step]) -> list[dict[str, float]]:
    """Return the milliseconds of each of PARTS but the first, for each complete request; one runs at a time."""
    found = []
    for name, begin, end in steps:
        if name != "request":
            continue
        mine: dict[str, Step] = {}
        for step in steps:
            # The first batch and notification, the last read of the outcome.
            if begin <= step[1] and step[2] <= end and (step[0] not in mine or step[0] == "states"):
                mine[step[0]] = step
        if {"first", "publish", "batch", "notification", "outcome", "states", "resource"} <= mine.keys():
            found.append(_parts(mine, begin, end))
    return found


def _parts(mine: dict[str, Step], begin: float, end: float) -> dict[str, float]:
    first, publish, batch, outcome = (mine[name] for name in ("first", "publish", "batch", "outcome"))
    notification, states, resource = (mine[name] for name in ("notification", "states", "resource"))
    times = (
        begin, first[2], publish[1], publish[2], batch[1], batch[2], notification[2], states[2], outcome[2],
        resource[2], end,
    )  # fmt: skip
    return {name: (after - before) * 1000 for name, (before, after) in zip(PARTS[1:], pairwise(times), strict=True)}


def statements_of(steps: Iterable[Step]) -> dict[str, float]:
    """Return the median of the milliseconds of each statement of the writer."""
    times: dict[str, list[float]] = defaultdict(list)
    for name, begin, end in steps:
        if name.startswith("statement: "):
            times[name].append((end - begin) * 1000)
    return {name: median(taken) for name, taken in times.items()}


async def steps(servers: Servers, seconds: float, rounds: int, broker: BrokerName) -> Section:
    """Measure one connection with a traced process of role `all`."""
    reported, parts, statements = [], [], []
    for number in range(rounds):
        sys.stderr.write(f"round {number + 1} of {rounds}\n")
        async with servers.registry(CODES, broker) as registry:
            file = servers.folder / f"steps-{number}"
            command = (sys.executable, "-m", "tests.load.tracer", str(file), "serve")
            port = choose(0, server=TRACED, setting="nothing")
            async with running(servers, registry, TRACED, (command,), port) as [child]:
                await client(servers, port, 1, WARM_SECONDS)
                await servers.checkpoint()
                discard_steps(child)
                reported.append(await client(servers, port, 1, seconds))
        recorded = steps_in(file)
        each = parts_of(recorded)
        parts.append({name: median(one[name] for one in each) for name in PARTS[1:]})
        parts[-1][PARTS[0]] = reported[-1]["mean"] - sum(sum(one.values()) for one in each) / len(each)
        statements.append(statements_of(recorded))
    section = Section(f"A write over HTTP, one connection, broker {broker}: where the time goes", COLUMNS)
    section.rows = [["whole, measured by the client", spread(figure(reported, "p50"))]]
    section.rows += [[f"  {name}", spread(figure(parts, name))] for name in PARTS]
    section.rows += [[f"  {name}", short(took)] for name, took in statements[-1].items()]
    section.figures = {
        "p50": figure(reported, "p50").as_json(),
        "parts": {name: figure(parts, name).as_json() for name in PARTS},
        "statements": {name: Figure((took,)).as_json() for name, took in statements[-1].items()},
    }
    return section
