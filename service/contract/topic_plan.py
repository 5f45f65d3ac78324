"""The topics of an installation as they are planned: partitions, replicas and topic settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from service.contract.message import BROKER_LIMIT, longest
from service.contract.topics import Topics
from service.settings import Settings

DAY_MS: Final = 86_400_000
"""Milliseconds of a day."""


@dataclass(frozen=True, slots=True)
class Planned:
    """The planned configuration of a topic; `configs` are Kafka's topic settings by name."""

    name: str
    partitions: int
    replication: int
    configs: dict[str, str]


def plan(settings: Settings) -> list[Planned]:
    """Return the planned configuration of all topics."""
    topics = Topics(settings.topic_prefix)
    # A dead letter contains the whole record and the reason.
    commands = max(BROKER_LIMIT, 2 * settings.max_body_bytes)
    events = longest(settings.max_body_bytes)
    planned = {
        topics.commands: (settings.command_retention_days, commands),
        topics.operator_commands: (settings.command_retention_days, commands),
        topics.group_events: (settings.event_retention_days, events),
        topics.code_events: (settings.event_retention_days, events),
        topics.user_events: (settings.event_retention_days, events),
        topics.directory_events: (settings.event_retention_days, events),
        topics.outcomes: (settings.event_retention_days, events),
        topics.dead_letters: (settings.dead_letter_retention_days, 2 * commands),
    }
    configs = {
        name: {"cleanup.policy": "delete", "retention.ms": str(days * DAY_MS), "max.message.bytes": str(length)}
        for name, (days, length) in planned.items()
    }
    if settings.state_topics:
        # Kept as long as events: a subscriber that was away for less time still reads the tombstones.
        tombstones = str(settings.event_retention_days * DAY_MS)
        compacted = {"cleanup.policy": "compact", "delete.retention.ms": tombstones, "max.message.bytes": str(events)}
        configs |= {name: dict(compacted) for name in topics.states.values()}
    replicas = {"min.insync.replicas": "2"} if settings.replication >= 3 else {}
    return [Planned(name, settings.partitions, settings.replication, of | replicas) for name, of in configs.items()]
