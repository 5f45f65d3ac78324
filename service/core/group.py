"""Groups: cohorts of an organization's users (groups document, "Create a Group", "Update a Group").

The commands that give a group codes and take them back are listed here and decided in `association`, where the code
is known too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias


@dataclass(frozen=True, slots=True)
class Address:
    """Where an office is."""

    line1: str
    line2: str | None
    line3: str | None
    organization: str | None
    city: str
    state: str
    postal_code: str
    country_code: str


@dataclass(frozen=True, slots=True)
class CreateGroup:
    """Create a group; `value` is an address for an office and a text for a region or division."""

    type: str
    value: Address | str
    organization_id: str


@dataclass(frozen=True, slots=True)
class UpdateGroup:
    """Replace type and value; the organization may be left out and never changes."""

    type: str
    value: Address | str
    organization_id: str | None = None


@dataclass(frozen=True, slots=True)
class GrantProduct:
    """Let the group sell a product."""

    product_id: str


@dataclass(frozen=True, slots=True)
class RevokeProduct:
    """Let the group no longer sell a product."""

    product_id: str


@dataclass(frozen=True, slots=True)
class AddGroupCode:
    """Let the group hold a producer code."""

    code_id: str


@dataclass(frozen=True, slots=True)
class RemoveGroupCode:
    """Let the group no longer hold a producer code."""

    code_id: str


GroupCommand: TypeAlias = CreateGroup | UpdateGroup | GrantProduct | RevokeProduct
GroupCodeCommand: TypeAlias = AddGroupCode | RemoveGroupCode


@dataclass(frozen=True, slots=True)
class GroupCreated:
    """The group is known from now on."""

    after: Group


@dataclass(frozen=True, slots=True)
class GroupUpdated:
    """Type or value of the group changed."""

    before: Group
    after: Group


@dataclass(frozen=True, slots=True)
class GroupProductGranted:
    """The group may sell one more product."""

    before: Group
    after: Group


@dataclass(frozen=True, slots=True)
class GroupProductRevoked:
    """The group may sell one product less."""

    before: Group
    after: Group


GroupEvent: TypeAlias = GroupCreated | GroupUpdated | GroupProductGranted | GroupProductRevoked


@dataclass(frozen=True, slots=True)
class Group:
    """A group; `product_ids` sorted without repeats, `held_foreign` counts held codes of other organizations.

    A group may hold tens of thousands of codes: the counter decides whether its insurer may stop being one.
    """

    id: str
    type: str
    value: Address | str
    organization_id: str
    product_ids: tuple[str, ...]
    held_foreign: int
    version: int


INITIAL: Final[Group | None] = None
