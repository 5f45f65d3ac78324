"""`make profile`: the CPU time of a consumer under load, by stage beside its budget, and as a flame graph.

`python -m tests.load.profile [--commands N] [--codes N] [--broker tansu|apache] [--out FILE.svg]`
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from tests.load.contender import OURS, Contender, Load
from tests.load.flame import flame_graph
from tests.load.servers import PARTITIONS, BrokerName, Servers, fill, opened
from tests.load.window import Out, measure
from tests.load.workload import Workload

STAGES = {
    "parse": ("service.contract.envelope:parse",),
    "needs": ("service.core.needs:needs",),
    "load": ("service.store.world_load:load_world",),
    "decide": ("service.core.batch:decide_batch",),
    "save": ("service.store.world_save:save_world",),
    "state records": ("service.contract.state:",),
    "frames": ("service.store.frame:frames_of", "service.store.frame:_frames", "service.store.frame:_raw"),
    "render": ("service.store.batch_output:BatchOutput.add",),
    "write inbox and outbox": ("service.store.batch_output:BatchOutput.write",),
    "rest of the transaction": ("service.store.command_store:CommandStore.apply",),
    "relay": (
        "consumers.relay.relay:",
        "consumers.relay.chunk:",
        "consumers.relay.publisher:",
        "service.store.frame:_messages",
        "aiokafka.producer.",
    ),
    "settle": ("consumers.reading.settlement:",),
    "poll": ("aiokafka.consumer.", "consumers.reading.consumer:", "consumers.reading.assignment:", "faststream."),
    "Kafka connections": ("aiokafka.",),
    "database answers": ("asyncpg.",),
}
"""Stages by prefixes of frames; the first match counts, so narrower ones come first."""


REST = "event loop and rest"

BUDGETS = {
    "parse": 8.0,
    "needs": 2.0,
    "load": 2.0,
    "decide": 5.0,
    "save": 5.0,
    "state records": 5.0,
    "frames": 3.0,
    "render": 9.0,
    "write inbox and outbox": 4.0,
    "rest of the transaction": 4.0,
    "relay": 9.0,
    "settle": 0.5,
    "poll": 4.0,
    "Kafka connections": 1.0,
    "database answers": 0.5,
    REST: 3.0,
}
"""The goal of each stage, microseconds of CPU per command: 60 in all, and 5 for the state records."""


def stage_of(frames: tuple[str, ...]) -> str:
    """Return the stage of a stack."""
    for stage, marks in STAGES.items():
        if any(frame.startswith(marks) for frame in frames):
            return stage
    return REST


def unfold(text: str) -> dict[tuple[str, ...], int]:
    """Return folded stacks as tuples of frames with their numbers of samples."""
    stacks: dict[tuple[str, ...], int] = {}
    for line in text.splitlines():
        stack, _, count = line.rpartition(" ")
        if stack:
            stacks[tuple(stack.split(";"))] = int(count)
    return stacks


def by_stage(stacks: Mapping[tuple[str, ...], int]) -> Counter[str]:
    """Return the samples per stage."""
    counted: Counter[str] = Counter()
    for frames, count in stacks.items():
        counted[stage_of(frames)] += count
    return counted


def table(stages: Mapping[str, int], microseconds: float) -> list[str]:
    """Return a line for each stage, the largest excess over its budget first, and one for all."""
    whole = sum(stages.values())
    spent = {stage: stages.get(stage, 0) / whole * microseconds for stage in BUDGETS}
    spent["all"] = microseconds
    budgets = {**BUDGETS, "all": sum(BUDGETS.values())}
    order = sorted(BUDGETS, key=lambda stage: BUDGETS[stage] - spent[stage])
    lines = [f"{'stage':24} {'µs per command':>14} {'budget':>7} {'over':>6}"]
    for stage in (*order, "all"):
        over = spent[stage] - budgets[stage]
        lines.append(f"{stage:24} {spent[stage]:14.1f} {budgets[stage]:7.1f} {over if over > 0 else 0:6.1f}")
    return lines


async def profile(servers: Servers, load: Load, broker: BrokerName) -> tuple[dict[tuple[str, ...], int], float]:
    """Run one consumer with the load. Return its stacks, and its CPU microseconds per command."""
    folded = servers.folder / "folded"
    command = (sys.executable, "-m", "tests.load.sampler", str(folded), *OURS.command[1:])
    contender = Contender("profiled", command)
    async with servers.registry(load.codes, broker) as registry:
        await fill(registry, Workload(load.codes, 1, load.mix).take(load.count))
        await servers.checkpoint()
        async with Out(registry.settings, contender.out(registry), PARTITIONS) as out:
            child = servers.child("profiled", command, registry.environment())
            assert child.pid is not None
            try:
                await measure(out, int(load.count * load.warm), {}, lambda: "" if child.alive() else "ended", warm=0)
                os.kill(child.pid, signal.SIGUSR1)
                pids = {"process": [child.pid]}
                measured = await measure(out, load.count, pids, lambda: "" if child.alive() else "ended", warm=0)
            finally:
                await child.stop(signal.SIGTERM, seconds=30)
    return unfold(folded.read_text()), measured.cpu["process"]


async def run(count: int, codes: int, broker: BrokerName, path: Path) -> None:
    """Profile, print the stages, write the flame graph."""
    async with opened([broker]) as servers:
        stacks, microseconds = await profile(servers, Load(count, codes), broker)
    sys.stdout.write("\n".join(table(by_stage(stacks), microseconds)) + "\n")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(flame_graph(stacks, f"A consumer under load, {microseconds:.0f} µs per command"))
    sys.stdout.write(f"flame graph: {path}\n")


def main() -> None:
    """Parse the arguments and run."""
    parser = argparse.ArgumentParser(prog="make profile", description="Measure the CPU time of a consumer by stage.")
    parser.add_argument("--commands", type=int, default=60_000)
    parser.add_argument("--codes", type=int, default=100_000)
    parser.add_argument("--broker", choices=("tansu", "apache"), default="tansu")
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "producer-registry-profile.svg")
    given = parser.parse_args()
    asyncio.run(run(given.commands, given.codes, given.broker, given.out))


if __name__ == "__main__":
    main()
