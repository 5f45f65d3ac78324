"""The part of the registry that a batch may look at."""

from __future__ import annotations

from dataclasses import dataclass, field

from service.core.association import GroupAssociation, UserAssociation
from service.core.group import Group
from service.core.organization import Organization
from service.core.producer_code import ProducerCode
from service.core.reference import Branch, Product, Role
from service.core.user import User


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Needs:
    """What has to be in the World of a batch: ids, code strings in lower case, usernames, (owner id, code id) pairs.

    Beyond that the World has the organizations of all its groups, users and codes, and of every organization in
    `insurer_checks` the groups that hold codes of others (held_foreign above 0).
    """

    organizations: set[str] = field(default_factory=set)
    branches: set[str] = field(default_factory=set)
    roles: set[str] = field(default_factory=set)
    products: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)
    users: set[str] = field(default_factory=set)
    codes: set[str] = field(default_factory=set)
    code_strings: set[str] = field(default_factory=set)
    usernames: set[str] = field(default_factory=set)
    user_associations: set[tuple[str, str]] = field(default_factory=set)
    group_associations: set[tuple[str, str]] = field(default_factory=set)
    insurer_checks: set[str] = field(default_factory=set)
