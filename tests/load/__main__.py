"""`make bench`: measure the service and its peers in one run, print tables, write JSON. See `--help`.

Absolute figures of a shared machine vary: compare ratios within rounds, and CPU time per command.
"""

import argparse
import asyncio
import logging
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from service.stack.errors import StackError
from tests.load import (
    disk,
    drain,
    grow,
    http_writes,
    latency,
    notify,
    pictures,
    pinned,
    read,
    statements,
    states,
    timeline,
    write,
    write_steps,
)
from tests.load.contender import Load
from tests.load.interpreter import warning
from tests.load.overload import Extent, overload
from tests.load.reads_beside import reads_beside_writes
from tests.load.report import Report, Section
from tests.load.servers import BrokerName, Servers, opened
from tests.load.start import start
from tests.load.write import Sizes

SECTIONS = (
    "write",
    "latency",
    "read",
    "http-writes",
    "write-steps",
    "timeline",
    "statements",
    "states",
    "processes",
    "disk",
    "adverse",
    "concurrent",
    "reads-beside-writes",
    "overload",
    "start",
    "memory",
    "growth",
    "remembered",
    "drain",
    "pinned",
    "notify",
)
ON_APACHE = {"write", "latency", "drain", "overload", "start"}
"""Sections that need Apache Kafka if its tools exist, whatever the broker of the load is."""

MILLION = 1_000_000


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    """Parse the arguments of the command line."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer commands and rounds, takes some minutes")
    parser.add_argument(
        "--full", action="store_true", help="also 5M codes, 10M inbox ids and 10M commands, takes two hours"
    )
    parser.add_argument("--rounds", type=int, help="number of rounds (default 3, quick 2)")
    parser.add_argument("--broker", choices=("tansu", "apache"), default="tansu", help="broker of the write load")
    parser.add_argument("--only", default="", help=f"sections separated by commas: {', '.join(SECTIONS)}")
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "producer-registry-bench.json")
    parser.add_argument("--pictures", type=Path, help="folder for the pictures (default: next to --out, with its name)")
    options = parser.parse_args(argv)
    options.sections = [name for name in options.only.split(",") if name] or list(SECTIONS)
    if unknown := set(options.sections) - set(SECTIONS):
        parser.error(f"no such section: {', '.join(sorted(unknown))}")
    return options


def brokers(broker: BrokerName) -> list[BrokerName]:
    """Return the brokers to start: the one of the load, and Apache Kafka if its tools exist (some sections need it)."""
    more: list[BrokerName] = ["apache"] if all(map(shutil.which, ("java", "mvn"))) else []
    return list(dict.fromkeys([broker, *more]))


async def run(options: argparse.Namespace) -> Report:
    """Run the chosen sections. Every server is stopped at the end, also at SIGTERM."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    report = Report(
        {"broker": options.broker, "quick": options.quick, "full": options.full, "fsync": "on", "acks": "all"}
    )
    both = ON_APACHE | {*(["memory"] if options.full else [])}
    needed = brokers(options.broker) if both & set(options.sections) else [options.broker]
    async with opened(needed) as servers:
        for name, section in plan(servers, options).items():
            if name not in options.sections:
                continue
            started = time.monotonic()
            report.add(name, await section())
            sys.stderr.write(f"{name}: {time.monotonic() - started:.0f} s\n")
            report.write(options.out)
            named = (options.pictures,) if options.pictures else (options.out.parent, f"{options.out.stem}-")
            pictures.draw(options.out, *named)
    return report


def plan(servers: Servers, options: argparse.Namespace) -> dict[str, Callable[[], Awaitable[Section]]]:
    """Return a function for each section, with the chosen size."""
    quick, broker = options.quick, options.broker
    rounds = options.rounds or (2 if quick else 3)
    sizes = Sizes(20_000, 400, 40_000) if quick else Sizes(60_000, 1_500, 120_000)
    # A quick run does not create a million codes, unless growth is its only section.
    grown = [10_000, 100_000] if quick and "growth" not in options.only.split(",") else [10_000, 100_000, MILLION]
    grown += [5 * MILLION] if options.full else []
    once = options.rounds or (1 if quick else 2)
    long = options.full or "remembered" in options.only.split(",")
    all_brokers = brokers(broker)
    # A whole backlog takes as long as the overload.
    extent = Extent(60_000, 30, 10) if quick else Extent(300_000, 600, 900 if options.full else 180)
    # Ten million commands do not fit in the memory of the embedded broker.
    slices, size, long_broker = (10, MILLION, all_brokers[-1]) if options.full else (4, sizes.ours, broker)
    return {
        "write": lambda: write.against_peers(servers, sizes, rounds, broker),
        "latency": lambda: latency.latency(
            servers, latency.targets(all_brokers, compared=options.full), 3 if quick else 10, rounds
        ),
        "read": lambda: read.against_pgbench(servers, sizes.codes, 3 if quick else 8, rounds, broker),
        "http-writes": lambda: http_writes.against_peer(servers, 3 if quick else 8, rounds, broker),
        "write-steps": lambda: write_steps.steps(servers, 3 if quick else 8, rounds, broker),
        "timeline": lambda: timeline.timeline(servers, 50 if quick else 300, rounds, broker),
        "statements": lambda: statements.statements(servers, 50 if quick else 300, 20_000 if quick else 60_000, broker),
        "states": lambda: states.states(servers, Load(sizes.ours, sizes.codes), rounds, broker),
        "processes": lambda: write.more_processes(servers, sizes, rounds, broker),
        "disk": lambda: disk.disk(servers, Load(sizes.ours, sizes.codes), broker),
        "adverse": lambda: write.adverse(servers, sizes, 1 if quick else 2, broker),
        "concurrent": lambda: read.during_writes(servers, Load(sizes.ours), broker),
        "reads-beside-writes": lambda: reads_beside_writes(servers, 4 if quick else 15, rounds, broker),
        "overload": lambda: overload(servers, extent),
        "start": lambda: start(servers, all_brokers, 3 if quick else 9),
        "memory": lambda: grow.memory(servers, slices, size, long_broker),
        "growth": lambda: grow.codes(servers, grown, sizes.ours, broker, rounds=once),
        "remembered": lambda: grow.remembered(
            servers, [MILLION, 10 * MILLION] if long else [MILLION // 10, MILLION], sizes.ours, broker
        ),
        "drain": lambda: drain.drain(servers, MILLION // 10 if quick else MILLION),
        "pinned": lambda: pinned.pinned(servers, 400 if quick else 2_000),
        "notify": lambda: notify.notify(servers, 2 if quick else 5, rounds),
    }


def main() -> None:
    """Run, and print the path of the figures."""
    options = arguments(sys.argv[1:])
    sys.stderr.write(warning())
    # The client library logs every retry until new topics have leaders.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        asyncio.run(run(options))
    except StackError as error:
        sys.exit(f"make bench: {error}")
    sys.stdout.write(f"\nfigures: {options.out}\n")


if __name__ == "__main__":
    main()
