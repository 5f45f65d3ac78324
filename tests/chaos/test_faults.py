"""Each named fault once, several after each other in a run that is judged at its end; then a few random runs."""

import pytest

from tests.chaos.execute import chosen, execute, possible
from tests.chaos.fault import FAULTS
from tests.chaos.site import Site

COMMANDS = 100

TOURS = {
    "death": [
        *(f"kill at {point}" for point in ("after_claim", "before_commit", "after_commit", "mid_publish")),
        *(f"kill at {point}" for point in ("after_publish", "before_offset_commit", "after_offset_commit")),
        "kill at any time",
        "kill all at once",
    ],
    "stop": ["SIGTERM under load", "SIGTERM twice", "rebalance storm"],
    "zombie": [
        *(f"frozen at {point}" for point in ("after_claim", "before_commit", "after_commit", "mid_publish")),
        "frozen at before_offset_commit",
        "frozen beyond the session",
        "event loop blocked beyond the session",
        "pulses of SIGSTOP",
    ],
    "late block": ["a lower block commits later"],
    "roles": ["roles apart with two relays"],
    "reading": ["a reading process dies"],
    "start": ["started before its servers"],
    "full disk": ["disk full"],
    "connection": [
        "cut before COMMIT",
        "cut after COMMIT",
        "all connections to the database cut",
        "sessions terminated",
        "deadlock",
        "rows locked beyond the statement time-out",
        "disk full by its word",
        "read-only for a while",
    ],
    "database": [
        "database refuses connections",
        "immediate restart of the database",
        "a backend killed -9",
        "database silent",
        "database hears but is not heard",
        "slow network to the database",
        "slow writes",
        "backends frozen",
    ],
    "broker": [
        "offset commits lost",
        "answers to offset commits lost",
        "produce requests lost",
        "answers to produce requests lost",
        "all connections to the broker cut",
        "broker refuses connections",
        "slow network to the broker",
        "broker frozen",
    ],
    "partition": ["broker silent for one process", "broker hears but is not heard", "broker does not hear"],
    "record": [
        "poison of every kind",
        "too long bodies",
        "records that the database refuses",
        "everything sent twice",
        "group starts at the beginning again",
    ],
    "surroundings": ["few descriptors and connections", "clock off by an hour"],
}
"""Faults that can follow each other in one run; its processes are those of the first."""

SEEDS = (11, 12, 13)


@pytest.mark.parametrize("tour", TOURS)
async def test_every_promise_is_kept_when_faults_come(site: Site, tour: str) -> None:
    there = {fault.name for fault in possible(site)}
    stages = [[FAULTS[name]] for name in TOURS[tour] if name in there]
    result = await execute(site, 1, stages or [[FAULTS["disk full by its word"]]], commands=COMMANDS)
    assert result.good, str(result)


@pytest.mark.parametrize("seed", SEEDS)
async def test_every_promise_is_kept_when_a_seed_chooses(site: Site, seed: int) -> None:
    result = await execute(site, seed, chosen(site, seed), commands=COMMANDS)
    assert result.good, str(result)


async def test_nothing_comes_twice_when_nothing_is_wrong(site: Site) -> None:
    result = await execute(site, 1, [[]], commands=3 * COMMANDS)
    assert result.good, str(result)


def test_every_fault_is_in_a_tour() -> None:
    told = {name for names in TOURS.values() for name in names}
    again = {name for name in FAULTS if name.endswith(" again")} - told
    assert told | again | {name for name, fault in FAULTS.items() if "tansu" not in fault.brokers} == set(FAULTS)
