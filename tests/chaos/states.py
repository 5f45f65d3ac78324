"""`python -m tests.chaos.states --changes 10000`: changes under faults, and subscribers that read the state topics.

One subscriber reads the topics in the middle of the run, is stopped, and continues at the end. Another one begins at
the end. Both have to equal the tables, and the checker of all fault tests decides about everything else.
"""

import argparse
import asyncio
import logging
import shutil
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import cycle

from tests.chaos.execute import FAULT_SECONDS, heal, until_ready
from tests.chaos.fault import FAULTS, Fault
from tests.chaos.run import Run, prepared
from tests.chaos.site import Site
from tests.chaos.until_signal import until_signal
from tests.support.checker.evidence import Violation
from tests.support.checker.model import Model
from tests.support.checker.state import as_reported, differences
from tests.support.checker.verdict import check
from tests.support.inbox import IS_ACCEPTED
from tests.support.snapshot import take_snapshot
from tests.support.state_subscriber import StateSubscriber

NAMES = (
    "sessions terminated",
    "kill at any time",
    "answers to produce requests lost",
    "SIGTERM under load",
    "immediate restart of the database",
    "all connections to the broker cut",
    "frozen beyond the session",
    "cut after COMMIT",
    "kill all at once",
)
"""Faults that make shards move or leave messages without an answer, in the order in which they are injected."""

QUIET_SECONDS = 300.0
CHANGES = f"SELECT count(*) FROM inbox WHERE {IS_ACCEPTED}"  # noqa: S608  # a constant

Say = Callable[[str], None]


async def states(site: Site, changes: int, *, commands: int = 1_000, seed: int = 1, say: Say) -> bool:
    """Run until there are this many changes, `commands` for each fault; True without a violation and an error."""
    run = Run(site, f"states-{seed}-{time.monotonic_ns() % 10**9:x}", seed, commands=commands)
    early, late = (StateSubscriber(site.bootstrap, run.topics) for _ in range(2))
    try:
        async with prepared(run):
            for _ in range(2):
                run.start(run.add())
            await until_ready(run)
            await run.send_setup()
            for name in cycle(NAMES):
                done = await _changes(run)
                if done >= changes:
                    break
                say(f"{done} changes, then: {name}")
                await _one(run, FAULTS[name])
                if not early.read:
                    await early.read_to_end()
            heal(run)
            await until_ready(run)
            await run.scene.quiet(QUIET_SECONDS)
            for service in list(run.living):
                await run.stop(service)
            for subscriber in (early, late):
                await subscriber.read_to_end()
            evidence = await run.scene.evidence(run.ledger)
            verdict = check(evidence)
            expected = as_reported(Model(world=(await take_snapshot(run.url)).world))
            violations = [
                *verdict.violations,
                *differences("the subscriber that was stopped", early.states(), expected),
                *differences("the new subscriber", late.states(), expected),
                *(Violation("crash", description) for description in run.crashes),
            ]
            say(f"{await _changes(run)} changes; {len(late.read)} records of the state topics; {verdict}")
    finally:
        heal(run)
    for violation in violations[:20]:
        say(f"  {violation}")
    if violations:
        (run.folder / "records.txt").write_text(evidence.description())
        say(f"logs are in {run.folder}")
    else:
        shutil.rmtree(run.folder)
    say("verdict: NOT good" if violations else "verdict: good")
    return not violations


async def _changes(run: Run) -> int:
    async with run.site.session(run.database) as session:
        return int(await session.fetchval(CHANGES))


async def _one(run: Run, fault: Fault) -> None:
    lines = run.next_stage()
    sends = [asyncio.create_task(run.driver.send(line, random=run.random, seconds=fault.seconds)) for line in lines]
    try:
        async with asyncio.timeout(FAULT_SECONDS):
            await asyncio.gather(*sends, fault.inject(run))
        await until_ready(run)
    finally:
        for send in sends:
            send.cancel()
        await asyncio.wait(sends)


def main() -> int:
    """Run and report; 0 when there is no violation."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.states", description=__doc__)
    parser.add_argument("--changes", type=int, default=10_000, help="accepted commands")
    parser.add_argument("--commands", type=int, default=2_000, help="commands for each fault")
    parser.add_argument("--seed", type=int, default=1, help="seed of the commands")
    parser.add_argument("--broker", choices=["tansu", "apache"], default="tansu")
    options = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    return asyncio.run(until_signal(_run(options)))


async def _run(options: argparse.Namespace) -> int:
    async with Site(options.broker, small_broker_disk=False).open() as site:
        good = await states(
            site, options.changes, commands=options.commands, seed=options.seed, say=partial(print, flush=True)
        )
        return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
