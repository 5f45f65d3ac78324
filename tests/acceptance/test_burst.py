"""A burst of a thousand commands of every type, including duplicates, invalid commands and poison records."""

import asyncio

import pytest

from service.contract.catalogue import COMMANDS
from tests.support.checker.evidence import Sent
from tests.support.checker.verdict import Verdict, check
from tests.support.driver import Driver
from tests.support.gather import Scene
from tests.support.ladder import Rung
from tests.support.registry import Registry
from tests.support.workload import Workload

COMMANDS_SENT = 1000


async def _burst(registry: Registry, rung: Rung, seed: int) -> tuple[list[Sent], Verdict]:
    """Send the foundation, then all other records at once. Return the sent records and the verdict."""
    settings = registry.settings
    bootstrap, group = str(settings["kafka_bootstrap_servers"]), str(settings["consumer_group"])
    scene = Scene(bootstrap, str(settings["database_url"]), registry.topics, group)
    workload = Workload(seed, registry.topics)
    driver = Driver(bootstrap, idempotent=rung.is_apache)
    await driver.start()
    try:
        ledger: list[Sent] = []
        for step in workload.setup():
            ledger += step
            await driver.send(step)
            await scene.quiet()
        lines = workload.lines(COMMANDS_SENT)
        await asyncio.gather(*(driver.send(line) for line in lines))
    finally:
        await driver.stop()
    ledger += [sent for line in lines for sent in line]
    await scene.quiet()
    return ledger, check(await scene.evidence(ledger))


@pytest.mark.parametrize("processes", [1, 3])
async def test_each_command_gets_one_outcome_in_order_when_a_thousand_come_at_once(
    registry: Registry, broker_rung: Rung, processes: int
) -> None:
    await registry.started_all(*[()] * processes)

    ledger, verdict = await _burst(registry, broker_rung, seed=processes)

    assert not verdict.violations, str(verdict)
    assert verdict.duplicates == {"outcomes": 0, "events": 0, "states": 0, "dead letters": 0}, (
        "no process died, so there are no duplicates"
    )
    assert verdict.commands > COMMANDS_SENT * 0.9
    assert verdict.records > verdict.commands
    assert min(verdict.statuses[status] for status in ("accepted", "unchanged", "rejected")) > 50
    assert verdict.dead_letters > 0
    assert {sent.description.split(" ")[0] for sent in ledger} >= {kind.name for kind in COMMANDS}
