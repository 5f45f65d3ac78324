"""Organizations: the companies that produce business for an insurer, and the insurer itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from service.core.group import Group
from service.core.problem import Problem, Problems
from service.core.text_set import text_set
from service.core.value import value


@value
class PutOrganization:
    """Create the organization, or replace its attributes; `domains` may be in any order."""

    display_name: str
    status: str = "Active"
    domains: tuple[str, ...] = ()
    insurer: bool = False


OrganizationCommand: TypeAlias = PutOrganization


@value
class OrganizationCreated:
    """The organization was created."""

    after: Organization


@value
class OrganizationUpdated:
    """Attributes of the organization changed."""

    before: Organization
    after: Organization


OrganizationEvent: TypeAlias = OrganizationCreated | OrganizationUpdated


@value
class Organization:
    """An organization; `status` is one of PRODUCER_STATUSES, `domains` are sorted without duplicates."""

    id: str
    display_name: str
    status: str
    domains: tuple[str, ...]
    insurer: bool
    version: int


def external_by_default(organization: Organization | None) -> bool:
    """Return whether users of the organization are external by default; only the users of an insurer are not."""
    return organization is None or not organization.insurer


def decide(
    command: OrganizationCommand, organization_id: str, state: Organization | None, groups: Iterable[Group]
) -> OrganizationEvent | Problems | None:
    """Decide one organization command; return None when the organization already has these attributes.

    `groups` contains at least the groups of the organization that hold codes of other organizations. Only groups of
    an insurer may hold such codes (domain, rule 3), so they block the change from insurer to non-insurer.
    """
    domains = text_set(command.domains)
    version = 1 if state is None else state.version + 1
    after = Organization(organization_id, command.display_name, command.status, domains, command.insurer, version)
    if state is None:
        return OrganizationCreated(after)
    if (
        after.display_name == state.display_name
        and after.status == state.status
        and after.insurer == state.insurer
        and after.domains == state.domains
    ):
        return None
    if state.insurer and not after.insurer:
        holders = sorted(
            group.id for group in groups if group.held_foreign > 0 and group.organization_id == organization_id
        )
        if holders:
            message = (
                f"Group {holders[0]} holds codes of other organizations; only a group of an insurer may hold them."
            )
            return (Problem("other-organization", message, "/insurer"),)
    return OrganizationUpdated(state, after)
