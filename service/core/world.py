"""The part of the registry's state that the decisions of a batch need."""

from __future__ import annotations

from dataclasses import field
from typing import assert_never

from service.core import group, user
from service.core.association import (
    GroupAssociation,
    GroupCodeAdded,
    GroupCodeRemoved,
    UserAssociation,
    UserCodeAdded,
    UserCodeRemoved,
)
from service.core.event import Event
from service.core.group import Group, GroupCreated, GroupProductGranted, GroupProductRevoked, GroupUpdated
from service.core.organization import Organization, OrganizationCreated, OrganizationUpdated
from service.core.producer_code import ProducerCode, ProducerCodeCreated, ProducerCodeUpdated
from service.core.reference import (
    Branch,
    BranchCreated,
    BranchUpdated,
    Product,
    ProductCreated,
    ProductUpdated,
    Role,
    RoleCreated,
    RoleUpdated,
)
from service.core.user import GroupJoined, GroupLeft, User, UserCreated, UserUpdated
from service.core.value import value


@value
class World:
    """States by id; an entity that is not in the world does not exist.

    `code_ids` maps a code string in lower case to the id of its code, `usernames` a username to the id of its user.
    The keys of associations are (owner id, code id).
    """

    organizations: dict[str, Organization] = field(default_factory=dict)
    branches: dict[str, Branch] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=dict)
    products: dict[str, Product] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    codes: dict[str, ProducerCode] = field(default_factory=dict)
    code_ids: dict[str, str] = field(default_factory=dict)
    usernames: dict[str, str] = field(default_factory=dict)
    user_associations: dict[tuple[str, str], UserAssociation] = field(default_factory=dict)
    group_associations: dict[tuple[str, str], GroupAssociation] = field(default_factory=dict)

    def copy(self) -> World:
        """Return a copy that can be changed independently; the states themselves are immutable and shared."""
        return World(
            dict(self.organizations),
            dict(self.branches),
            dict(self.roles),
            dict(self.products),
            dict(self.groups),
            dict(self.users),
            dict(self.codes),
            dict(self.code_ids),
            dict(self.usernames),
            dict(self.user_associations),
            dict(self.group_associations),
        )


def evolve(world: World, event: Event) -> None:
    """Apply an event to the world in place: a fold over a batch must not copy the world at each step."""
    match event:
        case ProducerCodeCreated() | ProducerCodeUpdated():
            world.codes[event.after.id] = event.after
            world.code_ids[event.after.code.lower()] = event.after.id
        case UserCodeAdded():
            world.user_associations[event.user_id, event.association.code_id] = event.association
            world.users[event.user_id] = user.with_code(world.users[event.user_id], 1, event.foreign, event.version)
        case UserCodeRemoved():
            world.user_associations.pop((event.user_id, event.association.code_id), None)
            world.users[event.user_id] = user.with_code(world.users[event.user_id], -1, event.foreign, event.version)
        case GroupCodeAdded():
            world.group_associations[event.group_id, event.association.code_id] = event.association
            world.groups[event.group_id] = group.with_code(
                world.groups[event.group_id], 1, event.foreign, event.version
            )
        case GroupCodeRemoved():
            world.group_associations.pop((event.group_id, event.association.code_id), None)
            world.groups[event.group_id] = group.with_code(
                world.groups[event.group_id], -1, event.foreign, event.version
            )
        case UserCreated() | UserUpdated() | GroupJoined() | GroupLeft():
            _evolve_user(world, event.after)
        case GroupCreated() | GroupUpdated() | GroupProductGranted() | GroupProductRevoked():
            world.groups[event.after.id] = event.after
        case OrganizationCreated() | OrganizationUpdated():
            world.organizations[event.after.id] = event.after
        case BranchCreated() | BranchUpdated():
            world.branches[event.after.id] = event.after
        case RoleCreated() | RoleUpdated():
            world.roles[event.after.id] = event.after
        case ProductCreated() | ProductUpdated():
            world.products[event.after.id] = event.after
        case _:
            assert_never(event)


def _evolve_user(world: World, after: User) -> None:
    before = world.users.get(after.id)
    world.users[after.id] = after
    former = None if before is None else before.username
    if former != after.username:
        # The former username is free again, also for later commands of the same batch.
        if former is not None and world.usernames.get(former) == after.id:
            del world.usernames[former]
        if after.username is not None:
            world.usernames[after.username] = after.id
