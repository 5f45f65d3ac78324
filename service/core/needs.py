"""The states that the decisions of a batch need, so that they can be loaded at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from typing import assert_never

from service.core.command import Command, DecidableBody, Invalid
from service.core.group import (
    AddGroupCode,
    CreateGroup,
    GrantProduct,
    GroupCodeCommand,
    RemoveGroupCode,
    RevokeProduct,
    UpdateGroup,
)
from service.core.organization import PutOrganization
from service.core.producer_code import CreateCode, UpdateCode
from service.core.reference import PutBranch, PutProduct, PutRole
from service.core.user import (
    AddUserCode,
    CreateUser,
    JoinGroup,
    LeaveGroup,
    RemoveUserCode,
    UpdateUser,
    UserCodeCommand,
    UserCommand,
)
from service.core.value import value


@value
class Needs:
    """The required content of the World of a batch: ids, code strings in lower case, usernames, association keys.

    The World also needs the organizations of all its groups, users and codes, and for each organization in
    `insurer_checks` its groups that hold codes of other organizations (held_foreign above 0). The key of an
    association is (owner id, code id).
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


def needs(commands: Iterable[Command]) -> Needs:
    """Collect the keys of all states that the decisions on these commands may read."""
    needed = Needs()
    for command in commands:
        body = command.body
        if isinstance(body, Invalid):
            if command.subject:
                _collect_subject(command.type, command.subject, needed)
        else:
            _collect_subject(command.type, command.subject, needed)
            _collect(body, command.subject, needed)
    return needed


def _collect_subject(command_type: str, subject: str, needed: Needs) -> None:
    match command_type.partition(".")[0]:
        case "producer-code":
            needed.codes.add(subject)
        case "user":
            needed.users.add(subject)
        case "group":
            needed.groups.add(subject)
        case "organization":
            needed.organizations.add(subject)
        case "branch":
            needed.branches.add(subject)
        case "role":
            needed.roles.add(subject)
        case "product":
            needed.products.add(subject)


def _collect(body: DecidableBody, subject: str, needed: Needs) -> None:
    match body:
        case CreateCode():
            needed.code_strings.add(body.code.lower())
            needed.organizations.add(body.organization_id)
            needed.roles.update(body.role_ids)
            if body.branch_id is not None:
                needed.branches.add(body.branch_id)
        case UpdateCode(changes):
            needed.roles.update(changes.get("role_ids") or ())
            if changes.get("branch_id") is not None:
                needed.branches.add(changes["branch_id"])
        case CreateUser() | UpdateUser() | JoinGroup() | LeaveGroup():
            _collect_user(body, needed)
        case AddUserCode() | RemoveUserCode() | AddGroupCode() | RemoveGroupCode():
            _collect_association(body, subject, needed)
        case CreateGroup():
            needed.organizations.add(body.organization_id)
        case GrantProduct(product_id) | RevokeProduct(product_id):
            needed.products.add(product_id)
        case PutOrganization():
            if not body.insurer:
                needed.insurer_checks.add(subject)
        case UpdateGroup() | PutBranch() | PutRole() | PutProduct():
            pass
        case _:
            assert_never(body)


def _collect_user(body: UserCommand, needed: Needs) -> None:
    match body:
        case CreateUser():
            needed.organizations.add(body.organization_id)
            needed.groups.update(body.group_ids)
            if body.username is not None:
                needed.usernames.add(body.username)
        case UpdateUser(changes):
            needed.groups.update(changes.get("group_ids") or ())
            if changes.get("username") is not None:
                needed.usernames.add(changes["username"])
        case JoinGroup(group_id) | LeaveGroup(group_id):
            needed.groups.add(group_id)
        case _:
            assert_never(body)


def _collect_association(body: UserCodeCommand | GroupCodeCommand, subject: str, needed: Needs) -> None:
    needed.codes.add(body.code_id)
    match body:
        case AddUserCode() | RemoveUserCode():
            needed.user_associations.add((subject, body.code_id))
            if isinstance(body, AddUserCode):
                needed.roles.update(body.role_ids or ())
        case AddGroupCode() | RemoveGroupCode():
            needed.group_associations.add((subject, body.code_id))
        case _:
            assert_never(body)
