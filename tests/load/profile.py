"""`make profile`: the CPU time of a consumer under load, by stage and as a flame graph.

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


def stage_of(frames: tuple[str, ...]) -> str:
    """Return the stage of a stack."""
    for stage, marks in STAGES.items():
        if any(frame.startswith(marks) for frame in frames):
            return stage
    return "event loop and rest"


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
    stages = by_stage(stacks)
    whole = stages.total()
    for stage, samples in stages.most_common():
        sys.stdout.write(f"{stage:24} {samples / whole:6.1%}  {samples / whole * microseconds:6.1f} µs per command\n")
    path.write_text(flame_graph(stacks, f"A consumer under load, {microseconds:.0f} µs per command"))
    sys.stdout.write(f"{'all':24} {'':6}  {microseconds:6.1f} µs per command; flame graph: {path}\n")


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
