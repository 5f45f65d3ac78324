"""The catalogue of all messages of the contract: name, CloudEvents type, aggregate and a one-sentence summary.

Topics, parsing, rendering, JSON Schemas and the AsyncAPI document are all derived from these tables.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

SOURCE: Final = "/producer-registry"
"""The `source` attribute of all messages that the registry publishes."""

AggregateType: TypeAlias = Literal["group", "code", "user", "directory"]
"""Selects one of the four event topics."""


def wire_type(name: str) -> str:
    """Return the `type` attribute of a message such as `group.create`."""
    return f"producer-registry.{name}.v1"


SCHEMA_BASE: Final = "urn:producer-registry:schema:"
"""The beginning of `dataschema`, unless an installation has an address of its own."""


def schema_path(name: str) -> str:
    """Return the path of the current JSON Schema of a message's data in the HTTP API."""
    return f"/schemas/{name}.v1.json"


@dataclass(frozen=True, slots=True)
class CommandKind:
    """A command type.

    `noun` is the kind of its subject, `creates` makes the subject optional, `operator` selects the operator topic.
    """

    name: str
    noun: str
    summary: str
    creates: bool = False
    operator: bool = False
    type: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "type", wire_type(self.name))


@dataclass(frozen=True, slots=True)
class EventKind:
    """A change event or snapshot, published to the topic of its aggregate type."""

    name: str
    aggregate: AggregateType
    summary: str
    type: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "type", wire_type(self.name))


COMMANDS: Final = (
    CommandKind("group.create", "group", "Create a group of an organization.", creates=True),
    CommandKind("group.update", "group", "Replace the type and value of a group."),
    CommandKind("group.add-producer-code", "group", "Associate a producer code with a group."),
    CommandKind("group.remove-producer-code", "group", "Remove the association of a producer code with a group."),
    CommandKind("producer-code.create", "producer code", "Create a producer code.", creates=True),
    CommandKind("producer-code.update", "producer code", "Change a producer code (JSON merge patch: null clears)."),
    CommandKind("user.create", "user", "Create a user of an organization.", creates=True),
    CommandKind("user.update", "user", "Change a user (JSON merge patch: null clears)."),
    CommandKind("user.join-group", "user", "Make a user a member of a group."),
    CommandKind("user.leave-group", "user", "End a user's membership in a group."),
    CommandKind("user.add-producer-code", "user", "Associate a producer code with a user."),
    CommandKind("user.remove-producer-code", "user", "Remove the association of a producer code with a user."),
    CommandKind(
        "organization.put",
        "organization",
        "Create or replace an organization; absent attributes get their defaults.",
        operator=True,
    ),
    CommandKind("branch.put", "branch", "Create or replace a branch.", operator=True),
    CommandKind("role.put", "role", "Create or replace a role; absent attributes get their defaults.", operator=True),
    CommandKind("product.put", "product", "Create or replace a product.", operator=True),
    CommandKind("group.grant-product", "group", "Allow a group to sell a product.", operator=True),
    CommandKind(
        "group.revoke-product", "group", "Withdraw the permission of a group to sell a product.", operator=True
    ),
)

EVENTS: Final = (
    EventKind("group.created", "group", "A group was created."),
    EventKind("group.updated", "group", "The type or value of a group changed."),
    EventKind("group.product-granted", "group", "A group may sell an additional product."),
    EventKind("group.product-revoked", "group", "A group may no longer sell a product."),
    EventKind("group.producer-code-added", "group", "A producer code was associated with a group."),
    EventKind("group.producer-code-removed", "group", "The association of a producer code with a group was removed."),
    EventKind("producer-code.created", "code", "A producer code was created."),
    EventKind("producer-code.updated", "code", "A producer code changed."),
    EventKind("user.created", "user", "A user was created."),
    EventKind("user.updated", "user", "A user changed, possibly including group memberships."),
    EventKind("user.group-joined", "user", "A user joined a group."),
    EventKind("user.group-left", "user", "A user left a group."),
    EventKind("user.producer-code-added", "user", "A producer code was associated with a user."),
    EventKind("user.producer-code-removed", "user", "The association of a producer code with a user was removed."),
    EventKind("organization.created", "directory", "An organization was created."),
    EventKind("organization.updated", "directory", "An organization changed."),
    EventKind("branch.created", "directory", "A branch was created."),
    EventKind("branch.updated", "directory", "A branch changed."),
    EventKind("role.created", "directory", "A role was created."),
    EventKind("role.updated", "directory", "A role changed."),
    EventKind("product.created", "directory", "A product was created."),
    EventKind("product.updated", "directory", "A product changed."),
)

SNAPSHOTS: Final = (
    EventKind("group.snapshot", "group", "The current state of a group, for new subscribers."),
    EventKind("group.producer-code-snapshot", "group", "A current association of a producer code with a group."),
    EventKind("producer-code.snapshot", "code", "The current state of a producer code."),
    EventKind("user.snapshot", "user", "The current state of a user."),
    EventKind("user.producer-code-snapshot", "user", "A current association of a producer code with a user."),
    EventKind("organization.snapshot", "directory", "The current state of an organization."),
    EventKind("branch.snapshot", "directory", "The current state of a branch."),
    EventKind("role.snapshot", "directory", "The current state of a role."),
    EventKind("product.snapshot", "directory", "The current state of a product."),
)

OUTCOMES: Final = {
    "accepted": "The command changed the registry; `events` contains the id of the event.",
    "unchanged": "The command changed nothing: the registry has the content already, or lacks what would be removed.",
    "rejected": "The command was rejected; `problem` lists all errors.",
}
"""The statuses of `command.<status>`: each command has exactly one outcome."""

PUBLISHED: Final = (*(kind.name for kind in (*EVENTS, *SNAPSHOTS)), *(f"command.{status}" for status in OUTCOMES))
"""The names of all messages that the registry publishes."""

GROWS: Final = "Values may be added."
"""The sentence in the description of an enumeration that may get new values."""

REJECTIONS: Final = {
    "invalid": "The command is invalid",
    "unknown-field": "The command has an unknown field",
    "not-found": "The subject does not exist",
    "reference-not-found": "The command refers to an entity that does not exist",
    "already-exists": "The subject already exists with different content",
    "code-taken": "Another producer code has the same code",
    "immutable-field": "The command changes an immutable field",
    "other-organization": "The command relates entities of different organizations",
    "not-code-secured": "The user is not subject to producer code security",
    "version-conflict": "The subject does not have the expected version",
    "wrong-topic": "The command was sent to the wrong topic",
}
"""The codes of rejections, each with the title of its problem."""
