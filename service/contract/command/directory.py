"""The data of operator commands: complete organizations, branches, roles and products; an `id` must be the subject."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, NotRequired

from pydantic import Field, with_config
from typing_extensions import TypedDict

from service.contract.field import STRICT, Flag, Id, OptionalStatus, Text, TextList, status_agrees, status_of
from service.contract.reader import Reader
from service.core import organization, reference
from service.core.problem import Problem


@with_config(STRICT)
class PutOrganization(TypedDict):
    """The data of organization.put."""

    id: NotRequired[Id]
    displayName: Text
    type: NotRequired[Annotated[Literal["Organization"], Field(description="Organization")]]
    producerStatus: NotRequired[OptionalStatus]
    domains: NotRequired[TextList]
    insurer: NotRequired[Flag]


@with_config(STRICT)
class PutBranch(TypedDict):
    """The data of branch.put."""

    id: NotRequired[Id]
    branchCode: Text
    displayName: Text


@with_config(STRICT)
class PutRole(TypedDict):
    """The data of role.put."""

    id: NotRequired[Id]
    displayName: Text
    permissions: NotRequired[TextList]


@with_config(STRICT)
class PutProduct(TypedDict):
    """The data of product.put."""

    id: NotRequired[Id]
    name: Text
    institution_id: Text
    product_line: Text


def _organization(data: PutOrganization) -> organization.PutOrganization:
    return organization.PutOrganization(
        data["displayName"],
        status_of(data.get("producerStatus")),
        tuple(data.get("domains") or ()),
        bool(data.get("insurer")),
    )


def _branch(data: PutBranch) -> reference.PutBranch:
    return reference.PutBranch(data["branchCode"], data["displayName"])


def _role(data: PutRole) -> reference.PutRole:
    return reference.PutRole(data["displayName"], tuple(data.get("permissions") or ()))


def _product(data: PutProduct) -> reference.PutProduct:
    return reference.PutProduct(data["name"], data["institution_id"], data["product_line"])


def _own_id(data: dict[str, Any], subject: str) -> list[Problem]:
    # Without a subject there is nothing to compare, and the missing subject is already reported.
    if "id" not in data or data["id"] == subject or not subject:
        return []
    return [Problem("invalid", "id must be the same as the subject.", "/id")]


def _own_id_and_status(data: dict[str, Any], subject: str) -> list[Problem]:
    return _own_id(data, subject) + status_agrees(data, subject)


READERS: Final = (
    Reader("organization.put", PutOrganization, _organization, check=_own_id_and_status),
    Reader("branch.put", PutBranch, _branch, check=_own_id),
    Reader("role.put", PutRole, _role, check=_own_id),
    Reader("product.put", PutProduct, _product, check=_own_id),
)
