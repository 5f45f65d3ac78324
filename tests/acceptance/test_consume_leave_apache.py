"""A stopped process leaves its group: others get its partitions long before its session would time out."""

import json

from tests.support.process import Service
from tests.support.registry import Registry
from tests.support.wait import eventually
from tests.support.wire import binary_event

ATTRIBUTES = {"specversion": "1.0", "source": "/test", "type": "producer-registry.organization.put.v1"}


async def test_the_other_process_has_every_partition_when_one_is_stopped(registry: Registry) -> None:
    one, two = await registry.started_all((), (), session_timeout_ms=60_000)
    await eventually(
        lambda: len(_assigned(one)) == len(_assigned(two)) == 4,
        deadline=60,
        what="half of the partitions for each process",
    )
    await _decided(registry, "both", deadline=60)
    assert await one.stop() == 0, one.last_lines()
    # Well before the session time-out of the stopped process.
    await _decided(registry, "alone", deadline=40)
    assert await two.stop() == 0, two.last_lines()


def _assigned(service: Service) -> list[str]:
    """Return the last assigned partitions of a process, from its log."""
    lines = [line for line in service.log.read_text().splitlines() if '"partitions_assigned"' in line]
    return list(json.loads(lines[-1])["partitions"]) if lines else []


async def _decided(registry: Registry, when: str, *, deadline: float) -> None:
    """Send a command to each partition, and wait until each has its outcome."""
    sent = set()
    for partition in range(int(str(registry.settings["partitions"]))):
        for topic in (registry.topics.commands, registry.topics.operator_commands):
            id_ = f"{when}-{topic}-{partition}"
            record = binary_event({**ATTRIBUTES, "id": id_, "subject": id_}, {"displayName": "Left"})
            await registry.send_together(topic, partition, [record])
            sent.add(id_)

    def missing() -> set[str]:
        return {id_ for id_ in sent if not registry.outcomes(id_)}

    await eventually(lambda: not missing(), deadline=deadline, what=f"outcomes in every partition ({when})")
