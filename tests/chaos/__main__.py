"""`python -m tests.chaos --seeds 200 --from 1`: a sequence of runs, and a table of faults and results."""

import argparse
import asyncio
import logging
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tests.chaos.execute import Result, chosen, execute, possible
from tests.chaos.fault import FAULTS
from tests.chaos.report import markdown, table
from tests.chaos.shorten import scenario, shortest
from tests.chaos.site import Site
from tests.chaos.until_signal import until_signal


def main() -> int:
    """Run and report; 0 when there is no violation."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="number of runs")
    parser.add_argument("--from", type=int, default=1, dest="first", help="the first seed")
    parser.add_argument("--broker", choices=["tansu", "apache"], default="tansu")
    parser.add_argument("--nodes", type=int, default=1, help="number of Apache Kafka nodes")
    parser.add_argument(
        "--faults",
        default="",
        help="names separated by commas, used in turn, one per seed; empty for all faults, `none` for no fault",
    )
    parser.add_argument("--commands", type=int, default=300, help="commands per stage")
    parser.add_argument(
        "--minutes", type=float, default=0.0, help="start no run after this many minutes; 0 for no limit"
    )
    parser.add_argument("--markdown", type=Path, help="also write the table to this file")
    parser.add_argument(
        "--reference-wait",
        choices=["odd", "on", "off"],
        default="odd",
        help="the seeds in whose runs commands wait for their references",
    )
    parser.add_argument("--list", action="store_true", help="list the faults and exit")
    options = parser.parse_args()
    if options.list:
        for fault in sorted(FAULTS.values(), key=lambda fault: (fault.numbers, fault.name)):
            _say(f"{','.join(map(str, fault.numbers)):8} {fault.name}")
        return 0
    # The faults also affect the senders and the checker; their log messages are of no use here.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    return asyncio.run(until_signal(_main(options)))


async def _main(options: argparse.Namespace) -> int:
    results: list[Result] = []
    end = time.monotonic() + (options.minutes * 60 or float("inf"))
    names = [name.strip() for name in options.faults.split(",") if name.strip()]
    async with Site(options.broker, nodes=options.nodes).open() as site:
        for seed in range(options.first, options.first + options.seeds):
            if time.monotonic() > end:
                break
            waits = {"odd": seed % 2 == 1, "on": True, "off": False}[options.reference_wait]
            run = partial(_run, site, seed, names, waits)
            result = await run(options.commands)
            results.append(result)
            _say(str(result))
            if not result.good:
                _say(f"{_again(options, result)}\n{result.description}")
            if result.violations:
                short = await shortest(run, result)
                _say(f"the shortest history: {short}\n{_again(options, short)}\n{scenario(short)}")
        text = table(results, [fault.name for fault in possible(site, waits=options.reference_wait != "off")])
    _say(text)
    if options.markdown:
        options.markdown.parent.mkdir(parents=True, exist_ok=True)
        options.markdown.write_text(markdown(results))
    return 0 if all(result.good for result in results) else 1


async def _run(site: Site, seed: int, names: Sequence[str], waits: bool, commands: int) -> Result:
    stages = [[]] if list(names) == ["none"] else chosen(site, seed, names, waits=waits)
    return await execute(site, seed, stages, commands=commands, waits=waits)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _again(options: argparse.Namespace, result: Result) -> str:
    return (
        f"again: python -m tests.chaos --seeds 1 --from {result.seed} --broker {options.broker} --nodes {options.nodes}"
        f" --commands {result.commands} --faults '{options.faults}' --reference-wait {options.reference_wait}"
    )


if __name__ == "__main__":
    sys.exit(main())
