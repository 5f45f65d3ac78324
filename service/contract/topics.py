"""Names of an installation: its topics, and the beginning of the URIs of its schemas."""

from __future__ import annotations

from typing import Final

from service.contract.catalogue import COMMANDS, SCHEMA_BASE, AggregateType


class Topics:
    """The names of all topics with a common prefix; `for_command` maps command types to their topics.

    `schema_base` is the beginning of `dataschema` in messages.
    """

    __slots__ = (
        "code_events",
        "commands",
        "dead_letters",
        "directory_events",
        "events",
        "for_command",
        "group_events",
        "operator_commands",
        "outcomes",
        "prefix",
        "schema_base",
        "states",
        "user_events",
    )

    def __init__(self, prefix: str = "registry", schema_base: str = "") -> None:
        self.prefix: Final = prefix
        self.schema_base: Final = schema_base or SCHEMA_BASE
        self.commands: Final = f"{prefix}.commands.v1"
        self.operator_commands: Final = f"{prefix}.operator.commands.v1"
        self.group_events: Final = f"{prefix}.group.events.v1"
        self.code_events: Final = f"{prefix}.code.events.v1"
        self.user_events: Final = f"{prefix}.user.events.v1"
        self.directory_events: Final = f"{prefix}.directory.events.v1"
        self.outcomes: Final = f"{prefix}.command.outcomes.v1"
        self.dead_letters: Final = f"{prefix}.dead-letters.v1"
        self.for_command: Final[dict[str, str]] = {
            kind.type: self.operator_commands if kind.operator else self.commands for kind in COMMANDS
        }
        self.events: Final[dict[AggregateType, str]] = {
            "group": self.group_events,
            "code": self.code_events,
            "user": self.user_events,
            "directory": self.directory_events,
        }
        self.states: Final[dict[AggregateType, str]] = {
            aggregate: f"{prefix}.{aggregate}.state.v1" for aggregate in self.events
        }

    def published(self, *, states: bool = True) -> tuple[str, ...]:
        """Return the topics to which the service publishes in the order of the contract, with or without states."""
        return (
            *self.events.values(),
            self.outcomes,
            self.dead_letters,
            *(self.states.values() if states else ()),
        )

    def all(self, *, states: bool = True) -> tuple[str, ...]:
        """Return all topics in the order of the contract, with or without those of states."""
        return (self.commands, self.operator_commands, *self.published(states=states))
