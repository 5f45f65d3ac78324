"""Associations: a user or group holds a producer code (producer-codes document).

An association belongs to its owner: the subject and version of its events are those of the user or group.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import TypeAlias, assert_never

from service.core.group import AddGroupCode, Group, GroupCodeCommand, RemoveGroupCode
from service.core.ids import association_id
from service.core.organization import Organization
from service.core.problem import Problem, Problems, missing_subject, not_found
from service.core.producer_code import ProducerCode
from service.core.text_set import text_set
from service.core.user import AddUserCode, RemoveUserCode, User, UserCodeCommand
from service.core.value import value


@value
class UserCodeAdded:
    """The user holds a code; `code` is its string, `foreign` is true when it belongs to another organization."""

    user_id: str
    version: int
    association: UserAssociation
    code: str
    foreign: bool


@value
class UserCodeRemoved:
    """The user no longer holds a code."""

    user_id: str
    version: int
    association: UserAssociation
    code: str
    foreign: bool


@value
class GroupCodeAdded:
    """The group holds a code; `code` is its string, `foreign` is true when it belongs to another organization."""

    group_id: str
    version: int
    association: GroupAssociation
    code: str
    foreign: bool


@value
class GroupCodeRemoved:
    """The group no longer holds a code."""

    group_id: str
    version: int
    association: GroupAssociation
    code: str
    foreign: bool


UserAssociationEvent: TypeAlias = UserCodeAdded | UserCodeRemoved
GroupAssociationEvent: TypeAlias = GroupCodeAdded | GroupCodeRemoved
AssociationEvent: TypeAlias = UserAssociationEvent | GroupAssociationEvent


@value
class UserAssociation:
    """A user holds a code with these roles (sorted, no duplicates); only roles that the code still has take effect."""

    id: str
    user_id: str
    code_id: str
    role_ids: tuple[str, ...]


@value
class GroupAssociation:
    """A group holds a code."""

    id: str
    group_id: str
    code_id: str


def effective_roles(association: UserAssociation, code: ProducerCode) -> tuple[str, ...]:
    """Return the roles that the user has on the code: those of the association that the code still has."""
    if association.role_ids == code.role_ids:
        return code.role_ids
    return tuple(role_id for role_id in association.role_ids if role_id in code.role_ids)


def decide_user(
    command: UserCodeCommand,
    user_id: str,
    user: User | None,
    *,
    codes: Mapping[str, ProducerCode],
    roles: Container[str],
    associations: Mapping[tuple[str, str], UserAssociation],
) -> UserAssociationEvent | Problems | None:
    """Decide one command on a user's codes; return None when nothing changes."""
    if user is None:
        return missing_subject("user", user_id)
    code_id = command.code_id
    code = codes.get(code_id)
    held = associations.get((user_id, code_id))
    match command:
        case AddUserCode(role_ids=role_ids):
            problems = [] if role_ids is None else _role_problems(role_ids, code, roles)
            if code is None:
                return (not_found("/producerCode/id", "producer code", code_id), *problems)
            if problems:
                return tuple(problems)
            requested = code.role_ids if role_ids is None else text_set(role_ids)
            if held is not None:
                return None if requested == effective_roles(held, code) else _different_roles(user, code)
            foreign = code.organization_id != user.organization_id
            if not user.code_secured:
                message = f"User {user_id} is not subject to producer code security."
                problems.append(Problem("not-code-secured", message, "subject"))
            if foreign and user.external_user:
                problems.append(_other_organization(code, "an external user"))
            if problems:
                return tuple(problems)
            added = UserAssociation(association_id("user", user_id, code_id), user_id, code_id, requested)
            return UserCodeAdded(user_id, user.version + 1, added, code.code, foreign)
        case RemoveUserCode():
            if code is None:
                return (not_found("/producerCode/id", "producer code", code_id),)
            if held is None:
                return None
            removed = UserAssociation(held.id, user_id, code_id, effective_roles(held, code))
            foreign = code.organization_id != user.organization_id
            return UserCodeRemoved(user_id, user.version + 1, removed, code.code, foreign)
        case _:
            assert_never(command)


def decide_group(
    command: GroupCodeCommand,
    group_id: str,
    group: Group | None,
    *,
    codes: Mapping[str, ProducerCode],
    organizations: Mapping[str, Organization],
    associations: Mapping[tuple[str, str], GroupAssociation],
) -> GroupAssociationEvent | Problems | None:
    """Decide one command on a group's codes; return None when nothing changes."""
    if group is None:
        return missing_subject("group", group_id)
    code_id = command.code_id
    code = codes.get(code_id)
    if code is None:
        return (not_found("/producerCode/id", "producer code", code_id),)
    held = associations.get((group_id, code_id))
    foreign = code.organization_id != group.organization_id
    match command:
        case AddGroupCode():
            if held is not None:
                return None
            if foreign:
                organization = organizations.get(group.organization_id)
                if organization is None or not organization.insurer:
                    return (_other_organization(code, "a group of an organization that is not an insurer"),)
            added = GroupAssociation(association_id("group", group_id, code_id), group_id, code_id)
            return GroupCodeAdded(group_id, group.version + 1, added, code.code, foreign)
        case RemoveGroupCode():
            if held is None:
                return None
            return GroupCodeRemoved(group_id, group.version + 1, held, code.code, foreign)
        case _:
            assert_never(command)


def _role_problems(role_ids: tuple[str, ...], code: ProducerCode | None, roles: Container[str]) -> list[Problem]:
    problems: list[Problem] = []
    for index, role_id in enumerate(role_ids):
        if role_id not in roles:
            problems.append(not_found(f"/roles/{index}/id", "role", role_id))
        elif code is not None and role_id not in code.role_ids:
            message = f"Producer code {code.id} does not have the role {role_id}."
            problems.append(Problem("invalid", message, f"/roles/{index}/id"))
    return problems


def _different_roles(user: User, code: ProducerCode) -> Problems:
    message = f"User {user.id} already holds producer code {code.id} with different roles."
    return (Problem("already-exists", message, "/roles"),)


def _other_organization(code: ProducerCode, holder: str) -> Problem:
    message = f"Producer code {code.id} belongs to another organization; {holder} may not hold it."
    return Problem("other-organization", message, "/producerCode/id")
