"""Associations, the third entity: "this user (or this group) holds this code" (producer-codes document).

An association belongs to its owner: owner and version of its events are those of the user or group.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias


@dataclass(frozen=True, slots=True)
class UserCodeAdded:
    """The user holds a code: `code` is its string, `foreign` says that it belongs to another organization."""

    user_id: str
    version: int
    association: UserAssociation
    code: str
    foreign: bool


@dataclass(frozen=True, slots=True)
class UserCodeRemoved:
    """The user no longer holds a code."""

    user_id: str
    version: int
    association: UserAssociation
    code: str
    foreign: bool


@dataclass(frozen=True, slots=True)
class GroupCodeAdded:
    """The group holds a code: `code` is its string, `foreign` says that it belongs to another organization."""

    group_id: str
    version: int
    association: GroupAssociation
    code: str
    foreign: bool


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class UserAssociation:
    """A user holds a code with these roles (sorted without repeats) as far as the code has them still."""

    id: str
    user_id: str
    code_id: str
    role_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GroupAssociation:
    """A group holds a code."""

    id: str
    group_id: str
    code_id: str


INITIAL: Final[UserAssociation | GroupAssociation | None] = None
