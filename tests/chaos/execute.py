"""Execute a run from its seed: choose the faults, run the stages, and check the result."""

import asyncio
import contextlib
import shutil
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from service.settings import Settings
from tests.chaos import apache_fault, broker_fault, database_fault, loss_fault, process_fault, record_fault
from tests.chaos.disk import may_mount
from tests.chaos.fault import FAULTS, Fault
from tests.chaos.reader import answers
from tests.chaos.run import READY_SECONDS, STATEMENT_SECONDS, Run, prepared
from tests.chaos.site import Site
from tests.support.checker.evidence import Evidence, Violation
from tests.support.checker.model import Model
from tests.support.checker.state import as_reported, differences
from tests.support.checker.verdict import Verdict, check
from tests.support.process import Service
from tests.support.state_subscriber import StateSubscriber
from tests.support.wait import eventually
from tests.support.workload import Shares

TABLE = (apache_fault, broker_fault, database_fault, loss_fault, process_fault, record_fault)
"""The modules that register faults."""

FAULT_SECONDS = 240.0
REFERENCE_WAIT_SECONDS = 4.0
"""How long commands may wait for their references in the runs with that setting: about as long as a stage."""
EARLY = 0.06
"""The share of associations that come before their code in these runs."""

ARMED_RECORDS = 10


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a run. `trouble` is an error that prevented a verdict, `records` lists all records of a bad run."""

    seed: int
    faults: Sequence[str]
    commands: int
    seconds: float
    verdict: Verdict | None
    violations: Sequence[Violation]
    trouble: str = ""
    description: str = ""
    records: str = ""

    @property
    def good(self) -> bool:
        """Whether there is no violation and no error."""
        return not self.violations and not self.trouble

    def __str__(self) -> str:
        head = f"seed {self.seed}, {', '.join(self.faults) or 'no fault'}, {self.seconds:.1f} s: "
        if self.good:
            return head + str(self.verdict).split("\n", maxsplit=1)[0] + f"; {self.description}"
        shown = "\n".join(f"  {violation}" for violation in self.violations[:20])
        return f"{head}{len(self.violations)} violations {self.trouble}\n{shown}\n  {self.verdict or ''}"


def possible(site: Site, *, waits: bool = False) -> list[Fault]:
    """Return the faults that are possible on this site, by name; `waits` as for `execute`."""
    faults = [fault for fault in FAULTS.values() if site.kind in fault.brokers and site.nodes >= fault.nodes]
    if not waits:
        faults = [fault for fault in faults if not fault.waits]
    if site.kafka_disk is None:
        faults = [fault for fault in faults if not fault.broker_disk]
    if not may_mount():
        faults = [fault for fault in faults if not fault.small_disk]
    if site.nodes > 1:
        faults = [fault for fault in faults if not _proxied(fault)]
    return sorted(faults, key=lambda fault: fault.name)


def _proxied(fault: Fault) -> bool:
    steps = (fault.inject, fault.begin, fault.before)
    return any("kafka_proxy" in step.__code__.co_names for step in steps if step is not None)


def chosen(site: Site, seed: int, names: Sequence[str] = (), *, waits: bool = False) -> list[list[Fault]]:
    """Return the stages of a seed: each has one of the named faults in turn, and sometimes a second fault."""
    random = Random(f"{seed}/choice")
    faults = [FAULTS[name] for name in names] or possible(site, waits=waits)
    first = faults[seed % len(faults)]
    if names:
        return [[first]]
    others = [fault for fault in faults if fault.joins and fault is not first]
    stages = [[first]]
    if not first.alone:
        if random.random() < 0.5:
            stages[0].append(random.choice(others))
        stages += [[random.choice(others)] for _ in range(random.randint(0, 1))]
    return stages


async def execute(
    site: Site, seed: int, stages: Sequence[Sequence[Fault]], *, commands: int = 300, waits: bool = False
) -> Result:
    """Execute a run and check it. Failures of the service raise no error.

    `commands` is the number per stage. With `waits` commands wait for their references.
    """
    started = time.monotonic()
    faults = [fault for stage in stages for fault in stage]
    run = Run(
        site,
        f"chaos-{seed}-{time.monotonic_ns() % 10**9:x}",
        seed,
        commands=commands,
        shares=Shares(early=EARLY) if waits else None,
        reference_wait_seconds=REFERENCE_WAIT_SECONDS if waits else 0.0,
        # Without a fault, a machine that stalls must not end a statement: messages could be sent twice.
        statement_seconds=STATEMENT_SECONDS if faults else Settings().database_command_timeout_seconds,
    )
    verdict, trouble, records = None, "", ""
    subscribed: list[Violation] = []
    try:
        async with prepared(run, on_small_disk=any(fault.small_disk for fault in faults)):
            try:
                await _begin(run, faults, armed=bool(stages[0] and stages[0][0].armed))
                for stage in stages:
                    await _stage(run, stage)
                service = await serving(run)
                await run.http.finish()
                await run.scene.quiet()
                if waits:
                    run.notes.append(f"{await _waited(run)} commands have waited")
                await run.http.ask()
                reported = await run.reader.read_all(service)
                for service in run.living:
                    await run.stop(service)
                evidence = await run.scene.evidence(run.ledger, run.reader.answers, run.restored, run.http.writes)
                verdict = check(evidence, reported)
                subscribed = await _subscribed(run, evidence)
                records = _saved_records(run, evidence)
            except Exception as error:
                # A fault that raises an error fails its own run only, not the following ones.
                trouble = f"{type(error).__name__}: {error}"
                with contextlib.suppress(Exception):
                    evidence = await run.scene.evidence(run.ledger, run.reader.answers, run.restored, run.http.writes)
                    verdict = check(evidence)
                    records = _saved_records(run, evidence)
    finally:
        heal(run)
    violations = [
        *(verdict.violations if verdict else ()),
        *subscribed,
        *(Violation("crash", description) for description in run.crashes),
    ]
    if not faults and verdict is not None and any(verdict.duplicates.values()):
        violations.append(Violation("duplicates without a fault", str(verdict.duplicates)))
    good = not violations and not trouble
    if good:
        shutil.rmtree(run.folder)
    description = (
        f"logs are in {run.folder}"
        if run.folder.exists()
        else "; ".join((run.reader.description(), run.http.description(), *run.notes))
    )
    names = [fault.name for fault in faults]
    seconds = time.monotonic() - started
    return Result(seed, names, commands, seconds, verdict, violations, trouble, description, "" if good else records)


async def _waited(run: Run) -> int:
    """Return the number of commands that have waited for their references."""
    async with run.site.session(run.database) as session:
        query = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM waiting_command_id_seq"
        return int(await session.fetchval(query))


async def _subscribed(run: Run, evidence: Evidence) -> list[Violation]:
    """Compare a new subscriber to the state topics with the tables."""
    subscriber = StateSubscriber(run.site.bootstrap, run.topics)
    await subscriber.read_to_end()
    assert evidence.database is not None
    expected = as_reported(Model(world=evidence.database.world))
    return [*differences("a new subscriber", subscriber.states(), expected)]


def _saved_records(run: Run, evidence: Evidence) -> str:
    records = evidence.description()
    (run.folder / "records.txt").write_text(records)
    return records


async def _begin(run: Run, faults: Sequence[Fault], *, armed: bool) -> None:
    """Start the processes (an armed one starts later) and send the foundation of the history."""
    services = [run.add(*arguments) for arguments in (faults[0].processes if faults else ((), ()))]
    for fault in faults:
        if fault.begin is not None:
            await fault.begin(run)
    for service in services[:-1] if armed else services:
        if not service.alive:
            run.start(service)
    await until_ready(run)
    await run.send_setup()


async def _stage(run: Run, faults: Sequence[Fault]) -> None:
    """Send a part of the history, inject the faults during it, and wait until all processes are ready again."""
    for fault in faults:
        if fault.before is not None:
            await fault.before(run)
        if fault.armed:
            victim = run.services[-1]
            if victim.alive:
                await run.stop(victim)
            # Small batches: a large one could take the whole history and pass the fail point only once.
            run.start(victim, failpoints=fault.armed, batch_max_records=ARMED_RECORDS)
            await until_ready(run)
    lines = run.next_stage()
    seconds = max((fault.seconds for fault in faults), default=1.0)
    reading = asyncio.create_task(run.reader.run())
    writing = asyncio.create_task(run.http.run())
    sends = [asyncio.create_task(run.driver.send(line, random=run.random, seconds=seconds)) for line in lines]
    try:
        async with asyncio.timeout(FAULT_SECONDS):
            await asyncio.gather(*sends, *(fault.inject(run) for fault in faults))
        await until_ready(run)
    finally:
        tasks = (reading, writing, *sends)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until_ready(run: Run) -> None:
    """Wait until every supervised process of the run is ready, or stopped at its fail point."""

    async def all_ready() -> bool:
        services = [service for service in run.services if service in run.supervised]
        return all([service.suspended() or await service.ready() for service in services])

    await eventually(all_ready, deadline=READY_SECONDS, what="readiness of all processes")


async def serving(run: Run) -> Service:
    """Return a process with the API. If none runs, one is started."""
    service = next((service for service in run.living if answers(service)), None)
    if service is None:
        service = run.add("--role", "api")
        run.start(service)
        await until_ready(run)
    return service


def heal(run: Run) -> None:
    """Undo every fault that may still be in effect."""
    for proxy in (run.site.postgres_proxy, run.site.kafka_proxy):
        proxy.disarm()
        proxy.refusing = False
        proxy.delay_seconds = 0.0
    for service in run.services:
        service.send(signal.SIGCONT)
