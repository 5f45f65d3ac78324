"""Organizations: the companies that produce business for an insurer, and the insurer itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

PRODUCER_STATUSES: Final = ("Active", "Limited", "Suspended", "Terminating", "Terminated")


@dataclass(frozen=True, slots=True)
class PutOrganization:
    """Let the organization be exactly this, whether it was there or not; `domains` in any order."""

    display_name: str
    status: str = "Active"
    domains: tuple[str, ...] = ()
    insurer: bool = False


OrganizationCommand: TypeAlias = PutOrganization


@dataclass(frozen=True, slots=True)
class OrganizationCreated:
    """The organization is known from now on."""

    after: Organization


@dataclass(frozen=True, slots=True)
class OrganizationUpdated:
    """Attributes of the organization changed."""

    before: Organization
    after: Organization


OrganizationEvent: TypeAlias = OrganizationCreated | OrganizationUpdated


@dataclass(frozen=True, slots=True)
class Organization:
    """An organization; `status` is one of PRODUCER_STATUSES, `domains` are sorted without repeats."""

    id: str
    display_name: str
    status: str
    domains: tuple[str, ...]
    insurer: bool
    version: int


INITIAL: Final[Organization | None] = None
