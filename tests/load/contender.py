"""The measured programs: processes that consume the command topic of a round, all measured in the same way."""

import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from signal import SIGTERM

from service.stack.child import Child
from tests.load.complete import check
from tests.load.servers import PARTITIONS, PROGRAM, BrokerName, Registry, Servers, fill
from tests.load.window import WARM_SHARE, Measured, Out, measure
from tests.load.workload import Mix, Sent, Workload

STOP_SECONDS = 30.0


def outcomes(registry: Registry) -> list[str]:
    """Return the topic with one outcome for each command."""
    return [registry.topics.outcomes]


def events(registry: Registry) -> list[str]:
    """Return the topics of events, for a program without outcomes."""
    return list(registry.topics.events.values())


@dataclass(frozen=True, slots=True)
class Contender:
    """A program to measure with this number of `processes`; `out` returns the topics whose messages are counted.

    After the program has ended, `check` compares rows and messages with the commands that were sent.
    """

    name: str
    command: Sequence[str]
    out: Callable[[Registry], list[str]] = outcomes
    processes: int = 1
    settings: Mapping[str, str] = field(default_factory=dict)
    check: Callable[[Registry, Iterable[Sent]], Awaitable[None]] | None = None


OURS = Contender("ours", (PROGRAM, "serve"))
TWO_OF_OURS = Contender("ours, two processes", OURS.command, processes=2)
FOUR_OF_OURS = Contender("ours, four processes", OURS.command, processes=4)
STATELESS = replace(
    OURS,
    name="ours without state topics, Apache Kafka",
    settings={"REGISTRY_STATE_TOPICS": "false"},
    check=check,
)
PLAIN = Contender("(a) plain FastStream, inbox and outbox", (sys.executable, "-m", "tests.load.peers.plain"))
TUTORIAL = Contender("(b) FastStream as in a tutorial", (sys.executable, "-m", "tests.load.peers.tutorial"), out=events)


@dataclass(frozen=True, slots=True)
class Load:
    """The load of one round: number and mix of commands, and number of existing codes."""

    count: int
    codes: int = 100_000
    mix: Mix = field(default_factory=Mix)
    big_group: int = 0
    warm: float = WARM_SHARE


async def run(servers: Servers, contender: Contender, load: Load, broker: BrokerName, seed: int = 1) -> Measured:
    """Run a round: new database and topics, all commands published before the program starts.

    Raises window.Stalled, complete.Incomplete.
    """
    async with servers.registry(load.codes, broker, big_group=load.big_group) as registry:
        await fill(registry, Workload(load.codes, seed, load.mix).take(load.count))
        measured = await work_off(servers, registry, contender, load)
        if contender.check is not None:
            await contender.check(registry, Workload(load.codes, seed, load.mix).take(load.count))
        return measured


async def work_off(servers: Servers, registry: Registry, contender: Contender, load: Load, before: int = 0) -> Measured:
    """Measure a program that processes the command topic of a round; `before` commands were processed earlier."""
    await servers.checkpoint()
    children: list[Child] = []
    try:
        async with Out(registry.settings, contender.out(registry), PARTITIONS) as out:
            await out.skip(before)
            for number in range(contender.processes):
                environment = registry.environment(**contender.settings)
                children.append(servers.child(f"contender-{number}", contender.command, environment))
            pids = {
                "process": [child.pid for child in children if child.pid],
                "PostgreSQL": [servers.database_pid],
                "broker": [servers.broker_pid(registry.broker)],
            }
            return await measure(out, load.count, pids, lambda: _trouble(children), warm=load.warm)
    finally:
        for child in children:
            await child.stop(SIGTERM, seconds=STOP_SECONDS)


def _trouble(children: Sequence[Child]) -> str:
    return "; ".join(child.last_lines() for child in children if not child.alive())
