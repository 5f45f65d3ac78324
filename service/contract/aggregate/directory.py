"""Organizations, branches, roles and products. A put contains the complete object; an `id` must be the subject."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, NotRequired

from pydantic import Field

from service.contract.attribute import (
    FALSE_FLAG,
    STATUS,
    STATUS_WORDS,
    TEXT,
    TEXTS,
    Attribute,
    Data,
    Kind,
    StateKind,
    create_model,
)
from service.contract.field import SubjectId, status_agrees, status_of
from service.contract.reader import Reader
from service.core import organization, reference
from service.core.problem import Problem

_TYPE: Final = Kind(Annotated[Literal["Organization"], Field(description="Organization")], Literal["Organization"])
_ID: Final = {"id": NotRequired[SubjectId]}

ORGANIZATION: Final = (
    Attribute("displayName", "display_name", TEXT, "the name", required=True),
    Attribute("type", "", _TYPE, "a constant"),
    Attribute("producerStatus", "status", STATUS, "which uses of the organization's codes are allowed"),
    Attribute("domains", "domains", TEXTS, "domain names"),
    Attribute("insurer", "insurer", FALSE_FLAG, "true: users and groups may hold codes of other organizations"),
)
BRANCH: Final = (
    Attribute("branchCode", "branch_code", TEXT, "the number of the branch", required=True),
    Attribute("displayName", "display_name", TEXT, "the name", required=True),
)
ROLE: Final = (
    Attribute("displayName", "display_name", TEXT, "the name", required=True),
    Attribute("permissions", "permissions", TEXTS, "names of permissions"),
)
PRODUCT: Final = (
    Attribute("name", "name", TEXT, "the name", required=True),
    Attribute("institution_id", "institution_id", TEXT, "the institution that offers the product", required=True),
    Attribute("product_line", "product_line", TEXT, "the product line", required=True),
)


def _put_organization(data: Data) -> organization.PutOrganization:
    return organization.PutOrganization(
        data["displayName"],
        status_of(data.get("producerStatus")),
        tuple(data.get("domains") or ()),
        bool(data.get("insurer")),
    )


def _organization(state: organization.Organization) -> dict[str, object]:
    return {
        "id": state.id,
        "displayName": state.display_name,
        "type": "Organization",
        "producerStatus": STATUS_WORDS[state.status],
        "domains": list(state.domains),
        "insurer": state.insurer,
        "version": state.version,
    }


def _put_branch(data: Data) -> reference.PutBranch:
    return reference.PutBranch(data["branchCode"], data["displayName"])


def _branch(state: reference.Branch) -> dict[str, object]:
    return {
        "id": state.id,
        "branchCode": state.branch_code,
        "displayName": state.display_name,
        "version": state.version,
    }


def _put_role(data: Data) -> reference.PutRole:
    return reference.PutRole(data["displayName"], tuple(data.get("permissions") or ()))


def _role(state: reference.Role) -> dict[str, object]:
    return {
        "id": state.id,
        "displayName": state.display_name,
        "permissions": list(state.permissions),
        "version": state.version,
    }


def _put_product(data: Data) -> reference.PutProduct:
    return reference.PutProduct(data["name"], data["institution_id"], data["product_line"])


def _product(state: reference.Product) -> dict[str, object]:
    return {
        "id": state.id,
        "name": state.name,
        "institution_id": state.institution_id,
        "product_line": state.product_line,
        "version": state.version,
    }


def _own_id(data: dict[str, Any], subject: str) -> list[Problem]:
    # Without a subject there is nothing to compare, and the missing subject is already reported.
    if "id" not in data or data["id"] == subject or not subject:
        return []
    return [Problem("invalid", "id must be the same as the subject.", "/id")]


def _own_id_and_status(data: dict[str, Any], subject: str) -> list[Problem]:
    return _own_id(data, subject) + status_agrees(data, subject)


READERS: Final = (
    Reader(
        "organization.put",
        create_model("PutOrganization", ORGANIZATION, before=_ID),
        _put_organization,
        check=_own_id_and_status,
    ),
    Reader("branch.put", create_model("PutBranch", BRANCH, before=_ID), _put_branch, check=_own_id),
    Reader("role.put", create_model("PutRole", ROLE, before=_ID), _put_role, check=_own_id),
    Reader("product.put", create_model("PutProduct", PRODUCT, before=_ID), _put_product, check=_own_id),
)
STATES: Final = (
    StateKind(
        organization.Organization, "organization", "organization", "An organization.", ORGANIZATION, _organization
    ),
    StateKind(reference.Branch, "branch", "branch", "A branch.", BRANCH, _branch),
    StateKind(reference.Role, "role", "role", "A role.", ROLE, _role),
    StateKind(reference.Product, "product", "product", "A product.", PRODUCT, _product),
)
