"""Every message of the contract, once: its name, its type on the wire, whose it is, in one sentence what it says.

Topics, parsing, rendering, JSON Schemas and the AsyncAPI document all start from these tables.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

SOURCE: Final = "/producer-registry"
"""The source attribute of everything the registry publishes."""

AggregateType: TypeAlias = Literal["group", "code", "user", "directory"]
"""Which of the four event topics a change is published to."""


def wire_type(name: str) -> str:
    """Give the `type` attribute of a message such as `group.create`."""
    return f"producer-registry.{name}.v1"


def schema_address(name: str) -> str:
    """Give the address of the JSON Schema of a message's data, as in `dataschema`."""
    return f"/schemas/{name}.v1.json"


@dataclass(frozen=True, slots=True)
class CommandKind:
    """A command: `noun` is what its subject identifies; `creates` allows a missing subject; `operator` is its topic."""

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
    CommandKind("group.update", "group", "Replace type and value of a group."),
    CommandKind("group.add-producer-code", "group", "Let a group hold a producer code."),
    CommandKind("group.remove-producer-code", "group", "Let a group no longer hold a producer code."),
    CommandKind("producer-code.create", "producer code", "Create a producer code.", creates=True),
    CommandKind("producer-code.update", "producer code", "Change a producer code (JSON merge patch)."),
    CommandKind("user.create", "user", "Create a user of an organization.", creates=True),
    CommandKind("user.update", "user", "Change a user (JSON merge patch)."),
    CommandKind("user.join-group", "user", "Make a user a member of a group."),
    CommandKind("user.leave-group", "user", "End a user's membership in a group."),
    CommandKind("user.add-producer-code", "user", "Let a user hold a producer code."),
    CommandKind("user.remove-producer-code", "user", "Let a user no longer hold a producer code."),
    CommandKind("organization.put", "organization", "Create or replace an organization.", operator=True),
    CommandKind("branch.put", "branch", "Create or replace a branch.", operator=True),
    CommandKind("role.put", "role", "Create or replace a role.", operator=True),
    CommandKind("product.put", "product", "Create or replace a product.", operator=True),
    CommandKind("group.grant-product", "group", "Let a group sell a product.", operator=True),
    CommandKind("group.revoke-product", "group", "Let a group no longer sell a product.", operator=True),
)

EVENTS: Final = (
    EventKind("group.created", "group", "A group is known from now on."),
    EventKind("group.updated", "group", "Type or value of a group changed."),
    EventKind("group.product-granted", "group", "A group may sell one more product."),
    EventKind("group.product-revoked", "group", "A group may sell one product less."),
    EventKind("group.producer-code-added", "group", "A group holds one more producer code."),
    EventKind("group.producer-code-removed", "group", "A group holds one producer code less."),
    EventKind("producer-code.created", "code", "A producer code is known from now on."),
    EventKind("producer-code.updated", "code", "A producer code changed."),
    EventKind("user.created", "user", "A user is known from now on."),
    EventKind("user.updated", "user", "A user changed, memberships perhaps among it."),
    EventKind("user.group-joined", "user", "A user is a member of one more group."),
    EventKind("user.group-left", "user", "A user is a member of one group less."),
    EventKind("user.producer-code-added", "user", "A user holds one more producer code."),
    EventKind("user.producer-code-removed", "user", "A user holds one producer code less."),
    EventKind("organization.created", "directory", "An organization is known from now on."),
    EventKind("organization.updated", "directory", "An organization changed."),
    EventKind("branch.created", "directory", "A branch is known from now on."),
    EventKind("branch.updated", "directory", "A branch changed."),
    EventKind("role.created", "directory", "A role is known from now on."),
    EventKind("role.updated", "directory", "A role changed."),
    EventKind("product.created", "directory", "A product is known from now on."),
    EventKind("product.updated", "directory", "A product changed."),
)

SNAPSHOTS: Final = (
    EventKind("group.snapshot", "group", "A group as it is now, for a new subscriber."),
    EventKind("group.producer-code-snapshot", "group", "A producer code that a group holds now."),
    EventKind("producer-code.snapshot", "code", "A producer code as it is now."),
    EventKind("user.snapshot", "user", "A user as it is now."),
    EventKind("user.producer-code-snapshot", "user", "A producer code that a user holds now."),
    EventKind("organization.snapshot", "directory", "An organization as it is now."),
    EventKind("branch.snapshot", "directory", "A branch as it is now."),
    EventKind("role.snapshot", "directory", "A role as it is now."),
    EventKind("product.snapshot", "directory", "A product as it is now."),
)

OUTCOMES: Final = {
    "accepted": "The command changed the registry; `events` names the event.",
    "unchanged": "The registry is already as the command wants it.",
    "rejected": "The command breaks a rule; `problem` says which, all errors at once.",
}
"""The statuses of `command.<status>`, the one answer that each command gets."""

PUBLISHED: Final = (*(kind.name for kind in (*EVENTS, *SNAPSHOTS)), *(f"command.{status}" for status in OUTCOMES))
"""Names of all messages that the registry itself sends."""

REJECTIONS: Final = {
    "invalid": "The command is not well-formed",
    "unknown-field": "The command has a field that is not known",
    "not-found": "There is no such subject",
    "reference-not-found": "The command refers to what does not exist",
    "already-exists": "The subject exists with other content",
    "code-taken": "Another producer code has this code",
    "immutable-field": "The command changes what never changes",
    "other-organization": "The command joins what belongs to different organizations",
    "not-code-secured": "The user is not subject to producer code security",
    "version-conflict": "The subject does not have the expected version",
    "wrong-topic": "The command came on another topic than its own",
}
"""Codes of rejections, each with the title of its problem."""
