"""Convert histories to Kafka records in binary mode, and to commands of the core as the contract parses them."""

from __future__ import annotations

import json
from collections.abc import Iterable

from service.contract.envelope import Limits, Received, parse
from service.core.command import Command
from tests.support.history import Sent
from tests.support.record import TOPICS, FakeRecord


def record(sent: Sent, offset: int) -> FakeRecord:
    """Return a command as a CloudEvent in binary mode."""
    attributes = {
        "specversion": "1.0",
        "id": sent["id"],
        "source": sent["source"],
        "type": f"producer-registry.{sent['type']}.v1",
        "subject": sent["subject"],
        "expectedversion": sent["expectedversion"],
    }
    headers = tuple((f"ce_{name}", str(value).encode()) for name, value in attributes.items() if value is not None)
    topic = TOPICS.commands if sent["topic"] == "commands" else TOPICS.operator_commands
    return FakeRecord(topic, 0, offset, sent["key"].encode(), json.dumps(sent["data"]).encode(), headers)


def commands(history: Iterable[Sent]) -> list[Command]:
    """Parse a history; every entry is a command, also an invalid one."""
    answers = parse([record(sent, offset) for offset, sent in enumerate(history)], TOPICS, Limits())
    received = [answer for answer in answers if isinstance(answer, Received)]
    assert len(received) == len(answers)
    return [answer.command for answer in received]
