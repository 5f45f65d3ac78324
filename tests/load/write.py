"""Writing: the service and its peers in turns, on the same load; more processes against one; adverse loads."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

import orjson

from tests.load import contender
from tests.load.contender import FOUR_OF_OURS, OURS, PLAIN, STATELESS, TUTORIAL, TWO_OF_OURS, Contender, Load
from tests.load.figure import Figure, short
from tests.load.peers.connect import worker
from tests.load.peers.jvm import build
from tests.load.report import Section, spread
from tests.load.servers import BrokerName, Servers
from tests.load.window import Measured
from tests.load.workload import Mix

FLOOR = "(c) floor: asyncpg writes the same rows"
CONNECT = "(e) Kafka Connect, Debezium JDBC sink"
COLUMNS = ("who", "per second", "ours is", "CPU µs each", "process", "PostgreSQL", "broker")

Round = Callable[[int], Awaitable[Measured]]


@dataclass(slots=True)
class Rounds:
    """The measurements of each program, per round."""

    measured: dict[str, list[Measured]] = field(default_factory=dict)

    async def take_turns(self, turns: dict[str, Round], rounds: int) -> None:
        """Measure one program after the other in each round, so that disturbances of the machine affect all of them."""
        for number in range(rounds):
            for name, turn in turns.items():
                sys.stderr.write(f"round {number + 1} of {rounds}: {name}\n")
                self.measured.setdefault(name, []).append(await turn(number + 1))

    def rate(self, name: str) -> Figure:
        """Return the rates of a program."""
        return Figure(tuple(measured.rate for measured in self.measured[name]))

    def cpu(self, name: str, process: str | None = None) -> Figure:
        """Return the CPU microseconds of a program, of one process or of all."""
        return Figure(
            tuple(one.cpu_total if process is None else one.cpu.get(process, 0.0) for one in self.measured[name])
        )

    def section(self, title: str, first: str) -> Section:
        """Return the table; the ratio is the rate of the first program to that of the others, per round."""
        section = Section(title, COLUMNS)
        for name in self.measured:
            ratio = self.rate(first).over(self.rate(name))
            split = [short(self.cpu(name, process).median) for process in ("process", "PostgreSQL", "broker")]
            shown = "" if name == first else f"{spread(ratio)} x"
            section.rows.append([name, spread(self.rate(name)), shown, spread(self.cpu(name)), *split])
            section.figures[name] = {
                "rate": self.rate(name).as_json(),
                "ours_over": ratio.as_json(),
                "cpu_microseconds": {
                    **{process: self.cpu(name, process).as_json() for process in ("process", "PostgreSQL", "broker")},
                    "total": self.cpu(name).as_json(),
                },
            }
        return section


@dataclass(frozen=True, slots=True)
class Sizes:
    """The number of commands for each program in a round; `jvm` is for programs whose JVM has to be warmed up."""

    ours: int
    one_by_one: int
    jvm: int
    codes: int = 100_000


def turn_of(servers: Servers, who: Contender, load: Load, broker: BrokerName) -> Round:
    """Return the turn of a program."""
    return lambda seed: contender.run(servers, who, load, broker, seed)


def floor(servers: Servers, load: Load, broker: BrokerName) -> Round:
    """Return the turn of the floor, a separate process like all others."""

    async def turn(seed: int) -> Measured:
        async with servers.registry(load.codes, broker) as registry:
            await servers.checkpoint()
            words = [str(number) for number in (load.count, load.codes, seed, servers.database_pid)]
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.load.peers.floor", *words,
                env=registry.environment(), stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            out, _ = await process.communicate()
            if process.returncode:
                raise RuntimeError("the floor failed; see above")
            reported = orjson.loads(out)
        cpu = {name: reported[name] / reported["commands"] * 1e6 for name in ("process", "PostgreSQL")}
        return Measured(reported["commands"] / reported["seconds"], cpu)

    return turn


async def against_peers(servers: Servers, sizes: Sizes, rounds: int, broker: BrokerName) -> Section:
    """Compare the service with (a), (b) and (c), and with (e) and (f) if Apache Kafka is available."""
    ours = Load(sizes.ours, sizes.codes)
    few = replace(ours, count=sizes.one_by_one)
    turns = {
        OURS.name: turn_of(servers, OURS, ours, broker),
        FLOOR: floor(servers, ours, broker),
        PLAIN.name: turn_of(servers, PLAIN, few, broker),
        TUTORIAL.name: turn_of(servers, TUTORIAL, replace(few, count=2 * few.count), broker),
    }
    if "apache" in servers.brokers and worker.available():
        turns[CONNECT] = lambda seed: worker.run(servers, replace(ours, count=sizes.jvm), seed)
    if "apache" in servers.brokers and not build.missing():
        turns |= await against_jvm(servers, replace(ours, count=2 * sizes.jvm, warm=build.WARM))
    taken = Rounds()
    await taken.take_turns(turns, rounds)
    section = taken.section(f"Writing, {sizes.codes:,} codes, broker {broker}: commands per second", OURS.name)
    share = taken.rate(OURS.name).over(taken.rate(FLOOR))
    section.remarks = [
        f"goals: (a) 75x, (b) 45x, 0.65 of (c): {spread(share)}; CPU at most 70 µs; faster than (e)",
        "(c) is one process, alternates with PostgreSQL, publishes nothing; (e) writes only codes and associations",
    ]
    section.figures["ours_of_floor"] = share.as_json()
    compare_with_jvm(taken, section)
    return section


async def against_jvm(servers: Servers, load: Load) -> dict[str, Round]:
    """Return the turns of (f) and of the service on the same broker with the same messages."""
    peer = await asyncio.to_thread(build.build, servers.folder / "jvm-peer")
    return {who.name: turn_of(servers, who, load, "apache") for who in (STATELESS, peer)}


def compare_with_jvm(taken: Rounds, section: Section) -> None:
    """Add the commands per CPU second of the service and of (f), or which programs are missing."""
    if build.NAME not in taken.measured:
        programs = ", ".join(build.missing())
        section.remarks.append(f"not measured: (f), and (e) without java and mvn; missing programs: {programs}")
        return
    each = {name: taken.cpu(name) for name in (STATELESS.name, build.NAME)}
    ratio = each[build.NAME].over(each[STATELESS.name])
    ours, peer = (spread(Figure(tuple(1e6 / cpu for cpu in figure.rounds))) for figure in each.values())
    section.remarks.append(
        f"commands per CPU second compared, both on Apache Kafka and without state topics: ours {ours}, (f) {peer}:"
        f" {spread(ratio)} times (goal at least 1)"
    )
    section.figures["commands_per_cpu_second_ours_over_jvm"] = ratio.as_json()


async def more_processes(servers: Servers, sizes: Sizes, rounds: int, broker: BrokerName) -> Section:
    """Compare two and four processes of all roles with one."""
    load = Load(sizes.ours, sizes.codes)
    taken = Rounds()
    turns = {who.name: turn_of(servers, who, load, broker) for who in (OURS, TWO_OF_OURS, FOUR_OF_OURS)}
    await taken.take_turns(turns, rounds)
    section = taken.section("Two and four processes against one: commands per second", OURS.name)
    section.remarks = ["goal of two on two cores: 1.3x of one; generator, PostgreSQL and broker share those cores"]
    return section


ADVERSE: Sequence[tuple[str, Mix, int]] = (
    ("30 % duplicates", Mix(repeated=0.3), 0),
    ("20 % rejections", Mix(rejected=0.2), 0),
    ("half of the commands with one key", Mix(hot=0.5), 0),
    ("every update changes a date", Mix(dated=1.0), 0),
    ("associations to a group of 50,000", Mix(big_group=1.0), 50_000),
)
BODY = 65_536


async def adverse(servers: Servers, sizes: Sizes, rounds: int, broker: BrokerName) -> Section:
    """Measure adverse loads in turns with the friendly one."""
    friendly = Load(sizes.ours, sizes.codes)
    turns = {"friendly": turn_of(servers, OURS, friendly, broker)}
    for name, mix, held in ADVERSE:
        turns[name] = turn_of(servers, OURS, replace(friendly, mix=mix, big_group=held), broker)
    large = replace(friendly, mix=Mix(padding=BODY), count=max(500, sizes.ours // 30))
    turns["bodies of 64 KiB"] = turn_of(servers, OURS, large, broker)
    taken = Rounds()
    await taken.take_turns(turns, rounds)
    section = taken.section("Adverse loads: commands per second; `ours is` is the slowdown", "friendly")
    megabytes = taken.rate("bodies of 64 KiB").median * BODY / 1e6
    section.remarks = [
        "goal: each within 3x of the friendly load",
        f"bodies of 64 KiB are 180 times as long as friendly ones: {megabytes:,.0f} MB of bodies a second",
    ]
    return section
