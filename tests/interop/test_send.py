"""The SDKs of four languages send commands of every type in both content modes, and all are accepted."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from aiokafka.partitioner import murmur2

from service.contract.catalogue import COMMANDS, wire_type
from tests.interop.commands import TRACE, Commands, Event
from tests.interop.program import Program
from tests.support.registry import Registry

PARTITIONS = 4
MODES = ("binary", "structured")


@pytest.mark.usefixtures("service")
async def test_commands_of_every_type_are_accepted(program: Program, registry: Registry, kafka_bootstrap: str) -> None:
    senders = {mode: Commands(f"{program.language}-{mode}") for mode in MODES}
    steps: list[Callable[[Commands], list[Event]]] = [
        lambda commands: commands.directory(),
        lambda commands: [*commands.objects(), *commands.removals()],
        lambda commands: commands.products(),
    ]
    types = set()
    # There is no order between the two topics, so the outcomes of a step come before the commands of the next one.
    for step in steps:
        lines = [
            line for mode, commands in senders.items() for line in input_lines(registry, commands, mode, step(commands))
        ]
        written = {one["id"]: one for one in await program.send(kafka_bootstrap, lines)}
        assert written.keys() == {line["event"]["id"] for line in lines}
        for line in lines:
            event, outcome = line["event"], await registry.outcome(line["event"]["id"])
            assert outcome.text["ce_type"] == wire_type("command.accepted"), outcome.value
            assert outcome.text["ce_correlationid"] == event["correlationid"]
            assert outcome.text["ce_traceparent"] == TRACE
            assert outcome.data["subject"] == event["subject"]
            assert written[event["id"]]["partition"] == java_partition(line["key"]), f"the partition of {line['key']}"
            types.add(event["type"])
    assert types == {kind.type for kind in COMMANDS}


def input_lines(registry: Registry, commands: Commands, mode: str, events: Iterable[Event]) -> Iterable[dict[str, Any]]:
    """Yield commands for a program. Those of the operator have their subjects as keys, the others the organization."""
    for event in events:
        topic = registry.topics.for_command[event["type"]]
        operator = topic == registry.topics.operator_commands
        key = event["subject"] if operator else commands.organization
        yield {"topic": topic, "key": key, "mode": mode, "event": event}


def java_partition(key: str) -> int:
    """Return the partition that Kafka's client for Java chooses for a key."""
    return int((murmur2(key.encode()) & 0x7FFFFFFF) % PARTITIONS)
