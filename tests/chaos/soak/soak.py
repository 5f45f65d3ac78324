"""The soak: a trial that determines the load, load with faults, then the wait until all is processed, and the verdict.

There are three processes. Faults concern the first two and the servers; the third process is never killed or frozen,
so its memory can be measured over the whole time.
"""

import asyncio
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from tests.chaos import record_fault
from tests.chaos.execute import FAULT_SECONDS, heal, possible, until_ready
from tests.chaos.fault import Fault
from tests.chaos.run import Run, prepared
from tests.chaos.site import Site
from tests.chaos.soak.fold import Fold
from tests.chaos.soak.stream import SOURCE, Sender, code_id, is_code
from tests.chaos.soak.verdict import Say, Tally, empty_limit, failures, never_empty, report, restarts, stop_reason
from tests.chaos.soak.watch import Watch, growth
from tests.support import topic_log
from tests.support.checker.evidence import Seen
from tests.support.checker.state import check_answers
from tests.support.process import Service

SENDERS = 4
TRIAL_SECONDS = 10.0
WARM_UP_SECONDS = 180.0
HISTORY_SECONDS = 8.0
"""Duration of the history for faults that wait for a share of it."""
WATCHED_CODES = 3
LEFT_OUT = {
    "rebalance storm",
    "group starts at the beginning again",
    "clock off by an hour",
    "everything sent twice",
    "deadlock",
}
"""Faults that are excluded: they read the whole log again, take too long, or need commands for groups."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Minutes, seed, seconds between faults, commands per second, number of codes, GiB for the broker."""

    minutes: float
    seed: int
    every: float
    rate: float
    codes: int
    broker_gib: float


@dataclass(slots=True)
class Course:
    """The state of a running soak."""

    run: Run
    plan: Plan
    say: Say
    senders: Sequence[Sender]
    watch: Watch
    faults: Sequence[Fault]
    rate: float = 0.0
    tally: Tally = field(default_factory=Tally)


async def soak(site: Site, plan: Plan, *, say: Say) -> bool:
    """Run a soak and report the result; True when there is no violation and memory is stable."""
    run = Run(site, f"soak-{plan.seed}-{time.monotonic_ns() % 10**9:x}", plan.seed, commands=0)
    share = plan.codes // SENDERS
    parts = [range(number * share, (number + 1) * share) for number in range(SENDERS)]
    senders = [Sender(run.topics, part, f"{plan.seed}/{part.start}") for part in parts]
    run.reader.paths = {code_id(code): f"/admin/v1/producer-codes/{code_id(code)}" for code in range(WATCHED_CODES)}
    try:
        async with prepared(run):
            services = [run.add() for _ in range(3)]
            for service in services:
                run.start(service)
            await until_ready(run)
            await run.send_setup()
            spared = run.services.pop()
            run.retired.append(spared)
            faults = [fault for fault in possible(site) if heals(fault)]
            course = Course(run, plan, say, senders, Watch(run, services), faults)
            course.rate = plan.rate or 0.5 * await _trial(run, senders, say)
            say(f"{course.rate:,.0f} commands per second for {plan.minutes:g} minutes, a fault every {plan.every:g} s")
            await under_faults(course)
            await end(course, spared)
            fold = await _folded(course)
    finally:
        heal(run)
    watch, warm_up = course.watch, min(WARM_UP_SECONDS, plan.minutes * 60 / 4)
    course.tally.troubles += never_empty(watch.samples, empty_limit(course.rate))
    say(f"{len(watch.lives)} process starts")
    good = report(fold, course.tally, watch.samples, growth(*watch.longest(), warm_up), say)
    if good:
        shutil.rmtree(run.folder)
    else:
        say(f"logs are in {run.folder}")
    return good


async def _trial(run: Run, senders: Sequence[Sender], say: Say) -> float:
    """Return the commands per second that are decided under overload."""
    before, started = await run.decided(), time.monotonic()
    await asyncio.gather(*(sender.run(run.driver, 0.0, started + TRIAL_SECONDS) for sender in senders))
    rate = (await run.decided() - before) / (time.monotonic() - started)
    await run.scene.quiet()
    say(f"a trial of {TRIAL_SECONDS:g} s reached {rate:,.0f} commands per second")
    return rate


async def under_faults(course: Course) -> None:
    """Run load, reader, watch and faults concurrently for the time of the plan; their failures are recorded."""
    run, plan = course.run, course.plan
    end = time.monotonic() + plan.minutes * 60
    rate = course.rate / len(course.senders)
    sends = [
        asyncio.create_task(sender.run(run.driver, rate, end), name=f"sender {number}")
        for number, sender in enumerate(course.senders)
    ]
    run_concurrently = [
        asyncio.create_task(run.reader.run(), name="reader"),
        asyncio.create_task(course.watch.watch(), name="watch"),
    ]
    faults = asyncio.create_task(_faults(course, end), name="faults")
    tasks = (*sends, *run_concurrently, faults)
    try:
        while not faults.done():
            await asyncio.wait((faults,), timeout=min(60.0, plan.minutes * 60 / 4))
            if not course.watch.samples:
                continue
            _progress(course)
            why = stop_reason(course.watch.samples[-1], plan.minutes, plan.broker_gib)
            if why and not faults.done():
                course.say(why)
                course.tally.troubles.append(why)
                faults.cancel()
                for sender in course.senders:
                    sender.stop()
        heal(run)
        _, late = await asyncio.wait(sends, timeout=FAULT_SECONDS)
        course.tally.troubles += [f"{task.get_name()} did not end" for task in late]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        course.tally.troubles += failures(tasks)


async def _faults(course: Course, end: float) -> None:
    run, every = course.run, course.plan.every
    random = Random(f"{course.plan.seed}/soak")
    while (now := time.monotonic()) < end - every:
        fault = random.choice(course.faults)
        run.begin_history(int(course.rate * HISTORY_SECONDS))
        try:
            async with asyncio.timeout(FAULT_SECONDS):
                await fault.inject(run)
            await until_ready(run)
        except Exception as error:
            # Any error makes the verdict bad, but does not prevent the following faults.
            trouble = f"{fault.name}: {type(error).__name__}: {error}"
            course.say(trouble)
            course.tally.troubles.append(trouble)
            heal(run)
        course.tally.faults[fault.name] += 1
        took = time.monotonic() - now
        course.tally.late += took > every
        await asyncio.sleep(max(0.0, every - took))
    await asyncio.sleep(max(0.0, end - time.monotonic()))


def heals(fault: Fault) -> bool:
    """Return whether a fault is over when its injection returns, and can follow any other."""
    return (
        fault.joins
        and fault.before is None
        and fault.inject.__module__ != record_fault.__name__
        and fault.name not in LEFT_OUT
    )


async def end(course: Course, spared: Service) -> None:
    """Wait until all is processed, and stop the processes; the spared one must not have restarted."""
    run = course.run
    try:
        await until_ready(run)
        await run.scene.quiet(deadline=300)
    except AssertionError as error:
        course.tally.troubles.append(str(error))
    course.tally.troubles += restarts(spared)
    for service in (*run.living, spared):
        await run.stop(service)
    course.tally.troubles += run.crashes


async def _folded(course: Course) -> Fold:
    run, fold = course.run, Fold()
    topics = run.topics
    steps: list[tuple[Sequence[str], Callable[[Seen], None]]] = [
        ((topics.commands,), fold.command),
        ((topics.outcomes,), fold.outcome),
        (tuple(topics.events.values()), fold.event),
        ((topics.dead_letters,), lambda seen: fold.violation("phantom dead letter", seen.place)),
    ]
    for names, take in steps:
        async for chunk in topic_log.chunks(run.site.bootstrap, names):
            for seen in chunk:
                # Records of the foundation have other keys.
                if names == (topics.dead_letters,) or is_code(seen):
                    take(seen)
    async with run.site.session(run.database) as session:
        query = "SELECT id, version, description FROM producer_code WHERE id LIKE 'soak-code-%'"
        rows = {int(id_.rpartition("-")[2]): (version, text) for id_, version, text in await session.fetch(query)}
        count = "SELECT count(*) FROM inbox AS i JOIN inbox_sender AS s ON s.id = i.sender WHERE s.source = $1"
        inbox = await session.fetchval(count, SOURCE, timeout=120)
    sent = {code: number for sender in course.senders for code, number in sender.numbers.items() if number}
    fold.ended(sent, rows, inbox)
    for violation in check_answers(run.reader.answers):
        fold.violation(violation.kind, violation.description)
    return fold


def _progress(course: Course) -> None:
    last = course.watch.samples[-1]
    sizes, faults = ", ".join(f"{size:.0f}" for size in last.services), sum(course.tally.faults.values())
    course.say(
        f"{last.minutes:5.1f} min: {course.run.driver.acknowledged:,} sent, {faults} faults, outbox"
        f" {last.outbox}, database {last.database:,.0f} MiB, broker {last.broker:,.0f} MiB, services {sizes} MiB"
    )
