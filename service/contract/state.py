"""States and associations of the core in the format of events."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from service.contract import data
from service.core.association import GroupAssociation, UserAssociation
from service.core.group import Address, Group
from service.core.organization import Organization
from service.core.producer_code import ProducerCode
from service.core.producer_status import PRODUCER_STATUSES
from service.core.reference import Branch, Product, Role
from service.core.user import User

_STATUSES: Final[dict[str, data.StatusWord]] = {code: {"code": code, "name": code} for code in PRODUCER_STATUSES}


def _address(value: Address) -> data.Address:
    return {
        "line1": value.line1,
        "line2": value.line2,
        "line3": value.line3,
        "organization": value.organization,
        "city": value.city,
        "state": value.state,
        "postal_code": value.postal_code,
        "country_code": value.country_code,
    }


# Few sets of roles are shared by many codes; the returned lists must not be changed.
@lru_cache(maxsize=4096)
def _identified(ids: tuple[str, ...]) -> list[data.Identified]:
    return [{"id": identifier} for identifier in ids]


def group(state: Group) -> data.GroupState:
    """Return the event data of a group."""
    value = state.value
    return {
        "id": state.id,
        "type": state.type,
        "value": value if isinstance(value, str) else _address(value),
        "distributor_id": state.organization_id,
        "products": list(state.product_ids),
        "version": state.version,
    }


def producer_code(state: ProducerCode) -> data.ProducerCodeState:
    """Return the event data of a producer code."""
    return {
        "id": state.id,
        "code": state.code,
        "organization": {"id": state.organization_id},
        "roles": _identified(state.role_ids),
        "description": state.description,
        "branch": None if state.branch_id is None else {"id": state.branch_id},
        "producerStatus": _STATUSES[state.status],
        "appointmentDate": state.appointment_date,
        "terminationDate": state.termination_date,
        "version": state.version,
    }


def user(state: User) -> data.UserState:
    """Return the event data of a user."""
    return {
        "id": state.id,
        "name": state.name,
        "email": state.email,
        "organization": {"id": state.organization_id},
        "external_id": state.external_id,
        "username": state.username,
        "groups": list(state.group_ids),
        "enabled": state.enabled,
        "externalUser": state.external_user,
        "useProducerCodeSecurity": state.code_secured,
        "version": state.version,
    }


def organization(state: Organization) -> data.OrganizationState:
    """Return the event data of an organization."""
    return {
        "id": state.id,
        "displayName": state.display_name,
        "type": "Organization",
        "producerStatus": _STATUSES[state.status],
        "domains": list(state.domains),
        "insurer": state.insurer,
        "version": state.version,
    }


def branch(state: Branch) -> data.BranchState:
    """Return the event data of a branch."""
    return {
        "id": state.id,
        "branchCode": state.branch_code,
        "displayName": state.display_name,
        "version": state.version,
    }


def role(state: Role) -> data.RoleState:
    """Return the event data of a role."""
    return {
        "id": state.id,
        "displayName": state.display_name,
        "permissions": list(state.permissions),
        "version": state.version,
    }


def product(state: Product) -> data.ProductState:
    """Return the event data of a product."""
    return {
        "id": state.id,
        "name": state.name,
        "institution_id": state.institution_id,
        "product_line": state.product_line,
        "version": state.version,
    }


def group_association(association: GroupAssociation, code: str) -> data.GroupProducerCode:
    """Return the event data of a group's association; `code` is the code's string."""
    return {
        "id": association.id,
        "group": {"id": association.group_id},
        "producerCode": {"id": association.code_id, "code": code},
    }


def user_association(association: UserAssociation, code: str) -> data.UserProducerCode:
    """Return the event data of a user's association; `code` is the code's string."""
    return {
        "id": association.id,
        "user": {"id": association.user_id},
        "producerCode": {"id": association.code_id, "code": code},
        "roles": _identified(association.role_ids),
    }
