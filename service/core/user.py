"""Users: people who work for an organization; *producers* in the groups document ("Adding Producers").

The commands that give a user codes and take them back are listed here and decided in `association`, where the code
is known too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias


@dataclass(frozen=True, slots=True)
class CreateUser:
    """Create a user; `group_ids` as in the body, so that a problem can name the position.

    `external_user` None takes the default of the organization. `organization_path` is the JSON pointer under which
    the body named the organization: `/organization/id` or `/distributor_id`.
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


@dataclass(frozen=True, slots=True)
class UpdateUser:
    """Change some attributes (a merge patch): names of State fields to new values.

    None clears, and a cleared flag goes back to its default. `group_ids` is a tuple as in the body.
    """

    changes: Mapping[str, object]
    organization_path: str = "/organization/id"


@dataclass(frozen=True, slots=True)
class JoinGroup:
    """Make the user a member of a group of the own organization."""

    group_id: str


@dataclass(frozen=True, slots=True)
class LeaveGroup:
    """End the user's membership in a group."""

    group_id: str


@dataclass(frozen=True, slots=True)
class AddUserCode:
    """Let the user hold a producer code; `role_ids` as in the body, None for all roles of the code."""

    code_id: str
    role_ids: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class RemoveUserCode:
    """Let the user no longer hold a producer code."""

    code_id: str


UserCommand: TypeAlias = CreateUser | UpdateUser | JoinGroup | LeaveGroup
UserCodeCommand: TypeAlias = AddUserCode | RemoveUserCode


@dataclass(frozen=True, slots=True)
class UserCreated:
    """The user is known from now on."""

    after: User


@dataclass(frozen=True, slots=True)
class UserUpdated:
    """Attributes of the user changed, memberships among them."""

    before: User
    after: User


@dataclass(frozen=True, slots=True)
class GroupJoined:
    """The user is a member of one more group."""

    before: User
    after: User


@dataclass(frozen=True, slots=True)
class GroupLeft:
    """The user is a member of one group less."""

    before: User
    after: User


UserEvent: TypeAlias = UserCreated | UserUpdated | GroupJoined | GroupLeft


@dataclass(frozen=True, slots=True)
class User:
    """A user; `group_ids` sorted without repeats.

    `code_secured` is useProducerCodeSecurity. `held` counts the codes the user holds directly, `held_foreign` those
    of other organizations among them: they decide whether the flags may change.
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


INITIAL: Final[User | None] = None
