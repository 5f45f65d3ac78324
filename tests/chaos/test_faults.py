"""A short version of the fault runs: one fault after the other on the same processes, with a check at the end.

`make chaos` runs every fault; this test has enough kinds of faults to detect most violations early.
"""

import pytest

from tests.chaos.disk import may_mount
from tests.chaos.execute import execute, possible
from tests.chaos.fault import FAULTS
from tests.chaos.site import Site
from tests.chaos.writes import Plan, writes

pytestmark = pytest.mark.timeout(900)

COMMANDS = 60
QUIET_COMMANDS = 300

TOUR = (
    "kill at after_commit",
    "SIGTERM under load",
    "frozen beyond the session",
    "cut before COMMIT",
    "cut after COMMIT",
    "sessions terminated",
    "immediate restart of the database",
    "deadlock",
    "offset commits lost",
    "answers to produce requests lost",
    "all connections to the broker cut",
    "records that the database refuses",
    "columns added under load",
    "poison of every kind",
    "everything sent twice",
)
"""Faults that can follow each other in one run; the processes are those of the first one."""

LISTED = {*range(1, 34), 37, 38}
"""The numbers of the faults that the service must survive."""
TESTED_ELSEWHERE = {18, 29}
"""A full disk of the broker, a recreated topic: see the runs on Apache Kafka and the acceptance tests."""


async def test_there_is_no_violation_with_faults(site: Site) -> None:
    available = {fault.name for fault in possible(site)}
    stages = [[FAULTS[name]] for name in TOUR if name in available]
    result = await execute(site, 1, stages, commands=COMMANDS)
    assert result.good, str(result)


@pytest.mark.parametrize("name", ["restored from a dump", "standby promoted"])
async def test_there_is_no_violation_when_the_database_lost_transactions(site: Site, name: str) -> None:
    result = await execute(site, 1, [[FAULTS[name]]], commands=COMMANDS)
    assert result.good, str(result)


async def test_there_is_no_duplicate_without_a_fault(site: Site) -> None:
    result = await execute(site, 1, [[]], commands=QUIET_COMMANDS)
    assert result.good, str(result)


def test_every_number_has_a_fault() -> None:
    assert {number for fault in FAULTS.values() for number in fault.numbers} | TESTED_ELSEWHERE >= LISTED


def test_every_fault_of_the_tour_is_possible_on_the_embedded_broker() -> None:
    assert set(TOUR) <= FAULTS.keys()
    embedded = Site("tansu")
    embedded.folder.rmdir()
    available = {fault.name for fault in possible(embedded)}
    unmountable = set() if may_mount() else {fault.name for fault in FAULTS.values() if fault.small_disk}
    assert set(TOUR) - available <= unmountable


async def test_there_is_no_violation_with_writes_on_many_connections(site: Site) -> None:
    said: list[str] = []
    good = await writes(site, Plan(minutes=0.15, seed=1, every=3.0, connections=8), say=said.append)
    assert good, "\n".join(said)
