"""The part of the registry that a batch may look at."""

from __future__ import annotations

from dataclasses import field
from typing import TypeVar, assert_never

from service.core import association, group, organization, producer_code, reference, user
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
from service.core.user import GroupJoined, GroupLeft, User, UserCreated, UserEvent, UserUpdated
from service.core.value import value

Key = TypeVar("Key")
Held = TypeVar("Held")


@value
class World:
    """State by id; what is not in here does not exist.

    `code_ids` maps a code string in lower case to the id of the code that has it, `usernames` a username to the id of
    its user. Associations are found by (owner id, code id).
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
        """Return a world that can change without changing this one; the states themselves are values."""
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
    """Let the event happen in this world, in place: a fold over a batch must not copy the world at each step."""
    match event:
        case ProducerCodeCreated() | ProducerCodeUpdated():
            code = producer_code.evolve(world.codes.get(event.after.id), event)
            world.codes[code.id] = code
            world.code_ids[code.code.lower()] = code.id
        case UserCodeAdded() | UserCodeRemoved():
            held = (event.user_id, event.association.code_id)
            after = association.evolve_user_association(world.user_associations.get(held), event)
            _put(world.user_associations, held, after)
            world.users[event.user_id] = association.evolve_user(world.users[event.user_id], event)
        case GroupCodeAdded() | GroupCodeRemoved():
            shared = (event.group_id, event.association.code_id)
            kept = association.evolve_group_association(world.group_associations.get(shared), event)
            _put(world.group_associations, shared, kept)
            world.groups[event.group_id] = association.evolve_group(world.groups[event.group_id], event)
        case UserCreated() | UserUpdated() | GroupJoined() | GroupLeft():
            _evolve_user(world, event)
        case GroupCreated() | GroupUpdated() | GroupProductGranted() | GroupProductRevoked():
            cohort = group.evolve(world.groups.get(event.after.id), event)
            world.groups[cohort.id] = cohort
        case OrganizationCreated() | OrganizationUpdated():
            company = organization.evolve(world.organizations.get(event.after.id), event)
            world.organizations[company.id] = company
        case BranchCreated() | BranchUpdated():
            branch = reference.evolve_branch(world.branches.get(event.after.id), event)
            world.branches[branch.id] = branch
        case RoleCreated() | RoleUpdated():
            role = reference.evolve_role(world.roles.get(event.after.id), event)
            world.roles[role.id] = role
        case ProductCreated() | ProductUpdated():
            product = reference.evolve_product(world.products.get(event.after.id), event)
            world.products[product.id] = product
        case _:
            assert_never(event)


def _evolve_user(world: World, event: UserEvent) -> None:
    before = world.users.get(event.after.id)
    after = user.evolve(before, event)
    world.users[after.id] = after
    former = None if before is None else before.username
    if former != after.username:
        # The former username is free from here on, for the next command of the same batch already.
        if former is not None and world.usernames.get(former) == after.id:
            del world.usernames[former]
        if after.username is not None:
            world.usernames[after.username] = after.id


def _put(associations: dict[Key, Held], key: Key, after: Held | None) -> None:
    if after is None:
        associations.pop(key, None)
    else:
        associations[key] = after
