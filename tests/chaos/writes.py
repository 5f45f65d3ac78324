"""`python -m tests.chaos.writes --minutes 5`: writes on many connections, a fault every 20 seconds, and a verdict.

There are two processes with all roles and one with `--role api`; faults may concern each of them. Other senders send a
history to Kafka during each fault. At the end every response is compared with the log, the inbox and the tables.
"""

import argparse
import asyncio
import logging
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from random import Random

from tests.chaos.execute import FAULT_SECONDS, heal, possible, serving, until_ready
from tests.chaos.fault import FAULTS, Fault
from tests.chaos.http_sender import HttpSender
from tests.chaos.run import Run, prepared
from tests.chaos.site import Site
from tests.chaos.soak.soak import heals
from tests.chaos.until_signal import until_signal
from tests.support.checker.verdict import check
from tests.support.checker.write import SUCCESSES

HISTORY_COMMANDS = 100
HISTORY_SECONDS = 8.0
QUIET_SECONDS = 300.0

ALWAYS = (
    "kill at any time",
    "kill all at once",
    "SIGTERM under load",
    "frozen beyond the session",
    "broker frozen",
    "immediate restart of the database",
    "database silent",
)
"""The faults of every run."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """Minutes, seed, seconds between the starts of two faults, and the number of connections."""

    minutes: float
    seed: int
    every: float
    connections: int


@dataclass(slots=True)
class Tally:
    """Faults by name, faults that took longer than their interval, and errors that prevent a good verdict."""

    faults: Counter[str] = field(default_factory=Counter)
    late: int = 0
    troubles: list[str] = field(default_factory=list)


async def writes(site: Site, plan: Plan, *, say: Say) -> bool:
    """Run and report; True without a violation and an error."""
    run = Run(site, f"writes-{plan.seed}-{time.monotonic_ns() % 10**9:x}", plan.seed, commands=HISTORY_COMMANDS)
    run.http = HttpSender(run, plan.connections, 0.0)
    tally = Tally()
    try:
        async with prepared(run):
            for arguments in ((), (), ("--role", "api")):
                run.start(run.add(*arguments))
            await until_ready(run)
            await run.send_setup()
            started = time.monotonic()
            writing = asyncio.create_task(run.http.run())
            try:
                await _faults(run, plan, tally, started, say)
            finally:
                writing.cancel()
                await asyncio.wait((writing,))
            seconds = time.monotonic() - started
            heal(run)
            return await _verdict(run, tally, seconds, say)
    finally:
        heal(run)


async def _faults(run: Run, plan: Plan, tally: Tally, started: float, say: Say) -> None:
    count = int(plan.minutes * 60 / plan.every)
    for number, fault in enumerate(chosen(possible(run.site), plan.seed, count)):
        await asyncio.sleep(started + number * plan.every - time.monotonic())
        began = time.monotonic()
        say(f"{began - started:5.0f} s: {fault.name}; {run.http.description()}")
        try:
            await _one(run, fault)
        except Exception as error:
            # Any error makes the verdict bad, but does not prevent the following faults.
            tally.troubles.append(f"{fault.name}: {type(error).__name__}: {error}")
            heal(run)
        tally.faults[fault.name] += 1
        tally.late += time.monotonic() - began > plan.every
    await asyncio.sleep(started + plan.minutes * 60 - time.monotonic())


def chosen(available: Sequence[Fault], seed: int, count: int) -> list[Fault]:
    """Return this many faults in random order: those that every run has, and then all others before any repeats."""
    random, names = Random(f"{seed}/writes"), {fault.name for fault in available}
    first = [FAULTS[name] for name in ALWAYS if name in names][:count]
    others = [fault for fault in available if heals(fault) and fault.name not in ALWAYS]
    random.shuffle(others)
    faults = first + [fault for fault, _ in zip(cycle(others), range(count - len(first)), strict=False)]
    random.shuffle(faults)
    return faults


async def _one(run: Run, fault: Fault) -> None:
    lines = run.next_stage()
    seconds = max(HISTORY_SECONDS, fault.seconds)
    sends = [asyncio.create_task(run.driver.send(line, random=run.random, seconds=seconds)) for line in lines]
    try:
        async with asyncio.timeout(FAULT_SECONDS):
            await asyncio.gather(*sends, fault.inject(run))
        await until_ready(run)
    finally:
        for send in sends:
            send.cancel()
        await asyncio.wait(sends)


async def _verdict(run: Run, tally: Tally, seconds: float, say: Say) -> bool:
    await until_ready(run)
    sent = len(run.http.calls)
    successes = sum(response.status in SUCCESSES for write in run.http.writes for response in write.responses)
    during = run.http.description()
    service = await serving(run)
    await run.http.finish()
    await run.scene.quiet(QUIET_SECONDS)
    await run.http.ask()
    observed = await run.reader.read_all(service)
    for living in list(run.living):
        await run.stop(living)
    evidence = await run.scene.evidence(run.ledger, run.reader.answers, run.restored, run.http.writes)
    verdict = check(evidence, observed)
    say(f"faults, {tally.late} of them longer than their interval:")
    for name, count in sorted(tally.faults.items()):
        say(f"  {count:3} {name}")
    say(f"during {seconds:.0f} s: {during}; {sent / seconds:.0f} writes per second")
    say(f"{successes:,} responses 200, 201 or 204; after the last repeats: {run.http.description()}")
    say(str(verdict))
    troubles = [*tally.troubles, *run.crashes]
    for trouble in troubles:
        say(f"  error: {trouble}")
    good = not verdict.violations and not troubles
    if good:
        shutil.rmtree(run.folder)
    else:
        (run.folder / "records.txt").write_text(evidence.description())
        (run.folder / "writes.txt").write_text("\n".join(map(str, run.http.writes)))
        say(f"logs are in {run.folder}")
    say("verdict: good" if good else "verdict: NOT good")
    return good


def main() -> int:
    """Run and report; 0 when there is no violation."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.writes", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1, help="seed of the faults and the commands")
    parser.add_argument("--every", type=float, default=20.0, help="seconds between the starts of two faults")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--broker", choices=["tansu", "apache"], default="tansu")
    options = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    plan = Plan(options.minutes, options.seed, options.every, options.connections)
    return asyncio.run(until_signal(_run(plan, options.broker)))


async def _run(plan: Plan, broker: str) -> int:
    async with Site("apache" if broker == "apache" else "tansu", small_broker_disk=False).open() as site:
        return 0 if await writes(site, plan, say=partial(print, flush=True)) else 1


if __name__ == "__main__":
    sys.exit(main())
