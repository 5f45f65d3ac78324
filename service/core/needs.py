"""What a batch of commands may look at, so that it can be loaded at once."""

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


def needs(commands: Iterable[Command]) -> Needs:
    """Collect what the decisions on these commands may look at."""
    found = Needs()
    for command in commands:
        body = command.body
        if isinstance(body, Invalid):
            # A refused subject names nothing, and may hold bytes that a database refuses as well.
            if all(problem.path != "subject" for problem in body.problems):
                _collect_subject(command.type, command.subject, found)
        else:
            _collect_subject(command.type, command.subject, found)
            _collect(body, command.subject, found)
    return found


def _collect_subject(command_type: str, subject: str, found: Needs) -> None:
    match command_type.partition(".")[0]:
        case "producer-code":
            found.codes.add(subject)
        case "user":
            found.users.add(subject)
        case "group":
            found.groups.add(subject)
        case "organization":
            found.organizations.add(subject)
        case "branch":
            found.branches.add(subject)
        case "role":
            found.roles.add(subject)
        case "product":
            found.products.add(subject)


def _collect(body: DecidableBody, subject: str, found: Needs) -> None:
    match body:
        case CreateCode():
            found.code_strings.add(body.code.lower())
            found.organizations.add(body.organization_id)
            found.roles.update(body.role_ids)
            if body.branch_id is not None:
                found.branches.add(body.branch_id)
        case UpdateCode(changes):
            found.roles.update(changes.get("role_ids") or ())
            if changes.get("branch_id") is not None:
                found.branches.add(changes["branch_id"])
        case CreateUser() | UpdateUser() | JoinGroup() | LeaveGroup():
            _collect_user(body, found)
        case AddUserCode() | RemoveUserCode() | AddGroupCode() | RemoveGroupCode():
            _collect_association(body, subject, found)
        case CreateGroup():
            found.organizations.add(body.organization_id)
        case GrantProduct(product_id) | RevokeProduct(product_id):
            found.products.add(product_id)
        case PutOrganization():
            if not body.insurer:
                found.insurer_checks.add(subject)
        case UpdateGroup() | PutBranch() | PutRole() | PutProduct():
            pass
        case _:
            assert_never(body)


def _collect_user(body: UserCommand, found: Needs) -> None:
    match body:
        case CreateUser():
            found.organizations.add(body.organization_id)
            found.groups.update(body.group_ids)
            if body.username is not None:
                found.usernames.add(body.username)
        case UpdateUser(changes):
            found.groups.update(changes.get("group_ids") or ())
            if changes.get("username") is not None:
                found.usernames.add(changes["username"])
        case JoinGroup(group_id) | LeaveGroup(group_id):
            found.groups.add(group_id)
        case _:
            assert_never(body)


def _collect_association(body: UserCodeCommand | GroupCodeCommand, subject: str, found: Needs) -> None:
    found.codes.add(body.code_id)
    match body:
        case AddUserCode() | RemoveUserCode():
            found.user_associations.add((subject, body.code_id))
            if isinstance(body, AddUserCode):
                found.roles.update(body.role_ids or ())
        case AddGroupCode() | RemoveGroupCode():
            found.group_associations.add((subject, body.code_id))
        case _:
            assert_never(body)
