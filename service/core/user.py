"""Users: people who work for an organization; *producers* in the groups document ("Adding Producers").

The commands that add and remove producer codes of a user are defined here and decided in `association`, which also
knows the code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, TypeAlias, assert_never

from service.core.group import Group
from service.core.membership import check_memberships, membership_problem
from service.core.organization import Organization, external_by_default
from service.core.problem import Problem, Problems, existing_subject, missing_subject, not_found
from service.core.text_set import text_set
from service.core.value import value


@value
class CreateUser:
    """Create a user; `group_ids` are as in the body, so that a problem can name the position.

    When `external_user` is None, the organization's default applies. `organization_path` is the JSON pointer to the
    organization in the body: `/organization/id` or `/distributor_id`.
    """

    name: str
    email: str
    organization_id: str
    external_id: str | None = None
    username: str | None = None
    group_ids: tuple[str, ...] = ()
    enabled: bool = True
    external_user: bool | None = None
    code_secured: bool = True
    organization_path: str = "/organization/id"


@value
class UpdateUser:
    """Change some attributes (a merge patch): `changes` maps fields of User to new values.

    None clears a field; a cleared flag is reset to its default. `group_ids` is a tuple, as in the body.
    """

    changes: Mapping[str, Any]
    organization_path: str = "/organization/id"


@value
class JoinGroup:
    """Make the user a member of a group of the same organization."""

    group_id: str


@value
class LeaveGroup:
    """End the user's membership in a group."""

    group_id: str


@value
class AddUserCode:
    """Associate a producer code with the user; `role_ids` are as in the body, None means all roles of the code."""

    code_id: str
    role_ids: tuple[str, ...] | None = None


@value
class RemoveUserCode:
    """Remove the association of a producer code with the user."""

    code_id: str


UserCommand: TypeAlias = CreateUser | UpdateUser | JoinGroup | LeaveGroup
UserCodeCommand: TypeAlias = AddUserCode | RemoveUserCode


@value
class UserCreated:
    """The user was created."""

    after: User


@value
class UserUpdated:
    """Attributes of the user changed, possibly including group memberships."""

    before: User
    after: User


@value
class GroupJoined:
    """The user joined a group."""

    before: User
    after: User


@value
class GroupLeft:
    """The user left a group."""

    before: User
    after: User


UserEvent: TypeAlias = UserCreated | UserUpdated | GroupJoined | GroupLeft


@value
class User:
    """A user; `group_ids` are sorted without duplicates.

    `code_secured` is useProducerCodeSecurity. `held` counts the codes that the user holds directly, `held_foreign`
    those of them that belong to other organizations. The counters decide whether the flags may change.
    """

    id: str
    name: str
    email: str
    organization_id: str
    external_id: str | None
    username: str | None
    group_ids: tuple[str, ...]
    enabled: bool
    external_user: bool
    code_secured: bool
    held: int
    held_foreign: int
    version: int


def decide(
    command: UserCommand,
    user_id: str,
    state: User | None,
    *,
    organizations: Mapping[str, Organization],
    groups: Mapping[str, Group],
    usernames: Mapping[str, str],
) -> UserEvent | Problems | None:
    """Decide one user command, given the states that exist; return None when nothing changes.

    `usernames` maps usernames to the ids of their users.
    """
    if isinstance(command, CreateUser):
        organization = organizations.get(command.organization_id)
        created = _created(command, user_id, organization)
        if state is not None:
            return None if _same_content(created, state) else existing_subject("user", user_id)
        problems: list[Problem] = []
        if organization is None:
            problems.append(not_found(command.organization_path, "organization", command.organization_id))
        _check_username(created, usernames, problems)
        check_memberships(command.group_ids, command.organization_id, groups, problems)
        return tuple(problems) or UserCreated(created)
    if state is None:
        return missing_subject("user", user_id)
    match command:
        case UpdateUser():
            return _update(command, state, organizations.get(state.organization_id), groups, usernames)
        case JoinGroup(group_id):
            problem = membership_problem(group_id, state.organization_id, groups, "/group_id")
            if problem is not None:
                return (problem,)
            if group_id in state.group_ids:
                return None
            return GroupJoined(state, _with_groups(state, tuple(sorted((*state.group_ids, group_id)))))
        case LeaveGroup(group_id):
            if group_id not in groups:
                return (not_found("/group_id", "group", group_id),)
            if group_id not in state.group_ids:
                return None
            return GroupLeft(
                state, _with_groups(state, tuple(joined for joined in state.group_ids if joined != group_id))
            )
        case _:
            assert_never(command)


def with_code(state: User, step: Literal[1, -1], foreign: bool, version: int) -> User:
    """Return the user after an association with a code was added (step 1) or removed (step -1).

    `foreign` is true when the code belongs to another organization.
    """
    return User(
        state.id,
        state.name,
        state.email,
        state.organization_id,
        state.external_id,
        state.username,
        state.group_ids,
        state.enabled,
        state.external_user,
        state.code_secured,
        state.held + step,
        state.held_foreign + step if foreign else state.held_foreign,
        version,
    )


def _created(command: CreateUser, user_id: str, organization: Organization | None) -> User:
    external = command.external_user
    return User(
        user_id,
        command.name,
        command.email,
        command.organization_id,
        command.external_id,
        command.username,
        text_set(command.group_ids),
        command.enabled,
        external_by_default(organization) if external is None else external,
        command.code_secured,
        0,
        0,
        1,
    )


def _update(
    command: UpdateUser,
    state: User,
    organization: Organization | None,
    groups: Mapping[str, Group],
    usernames: Mapping[str, str],
) -> UserUpdated | Problems | None:
    get = command.changes.get
    enabled = get("enabled", state.enabled)
    external = get("external_user", state.external_user)
    secured = get("code_secured", state.code_secured)
    after = User(
        state.id,
        get("name", state.name),
        get("email", state.email),
        state.organization_id,
        get("external_id", state.external_id),
        get("username", state.username),
        text_set(get("group_ids", state.group_ids) or ()),
        True if enabled is None else enabled,
        external_by_default(organization) if external is None else external,
        True if secured is None else secured,
        state.held,
        state.held_foreign,
        state.version + 1,
    )
    problems: list[Problem] = [
        Problem("invalid", f"The {field} of a user cannot be cleared.", f"/{field}")
        for field in ("name", "email")
        if get(field, "") is None
    ]
    if get("organization_id", state.organization_id) != state.organization_id:
        message = "The organization of a user cannot change."
        problems.append(Problem("immutable-field", message, command.organization_path))
    _check_username(after, usernames, problems)
    check_memberships(get("group_ids") or (), state.organization_id, groups, problems)
    if after.external_user and not state.external_user and state.held_foreign:
        message = "The user holds codes of other organizations; an external user may not hold them."
        problems.append(Problem("other-organization", message, "/externalUser"))
    if state.code_secured and not after.code_secured and state.held:
        message = "The user holds codes; only a user subject to producer code security may hold them."
        problems.append(Problem("not-code-secured", message, "/useProducerCodeSecurity"))
    if problems:
        return tuple(problems)
    return None if _same_content(after, state) else UserUpdated(state, after)


def _same_content(one: User, other: User) -> bool:
    return (
        one.name == other.name
        and one.email == other.email
        and one.organization_id == other.organization_id
        and one.external_id == other.external_id
        and one.username == other.username
        and one.group_ids == other.group_ids
        and one.enabled == other.enabled
        and one.external_user == other.external_user
        and one.code_secured == other.code_secured
    )


def _check_username(after: User, usernames: Mapping[str, str], problems: list[Problem]) -> None:
    if after.username is not None and usernames.get(after.username, after.id) != after.id:
        problems.append(Problem("already-exists", f"Another user has the username {after.username}.", "/username"))


def _with_groups(state: User, group_ids: tuple[str, ...]) -> User:
    return replace(state, group_ids=group_ids, version=state.version + 1)
