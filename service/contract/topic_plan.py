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
    days = {
        topics.commands: (settings.command_retention_days, commands),
        topics.operator_commands: (settings.command_retention_days, commands),
        topics.group_events: (settings.event_retention_days, events),
        topics.code_events: (settings.event_retention_days, events),
        topics.user_events: (settings.event_retention_days, events),
        topics.directory_events: (settings.event_retention_days, events),
        topics.outcomes: (settings.event_retention_days, events),
        topics.dead_letters: (settings.dead_letter_retention_days, 2 * commands),
    }
    return [
        Planned(name, settings.partitions, settings.replication, _configs(settings, *of)) for name, of in days.items()
    ]


def _configs(settings: Settings, days: int, longest: int) -> dict[str, str]:
    configs = {"cleanup.policy": "delete", "retention.ms": str(days * DAY_MS), "max.message.bytes": str(longest)}
    if settings.replication >= 3:
        configs["min.insync.replicas"] = "2"
    return configs
