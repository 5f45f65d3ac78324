"""The data of producer code commands (producer-codes document, "Creating producer codes", "Updating …")."""

from __future__ import annotations

from typing import Annotated, Final, NotRequired, TypeAlias

from pydantic import Field, with_config
from typing_extensions import TypedDict

from service.contract.field import (
    MAX_ITEMS,
    STRICT,
    Code,
    Date,
    OptionalStatus,
    OptionalText,
    Reference,
    ids_of,
    status_agrees,
    status_of,
)
from service.contract.reader import Reader
from service.core import producer_code as core

_Roles: TypeAlias = Annotated[
    list[Reference],
    Field(min_length=1, max_length=MAX_ITEMS, description='one or more roles, such as [{"id": "producer"}]'),
]
_Branch: TypeAlias = Annotated[
    Reference | None, Field(description='a branch, such as {"id": "pc:S17f59YeYbDQEVkdUiua9"}, or null')
]


@with_config(STRICT)
class CreateCode(TypedDict):
    """The data of producer-code.create."""

    code: Code
    organization: Reference
    roles: _Roles
    description: NotRequired[OptionalText]
    branch: NotRequired[_Branch]
    producerStatus: NotRequired[OptionalStatus]
    appointmentDate: NotRequired[Date]
    terminationDate: NotRequired[Date]


@with_config(STRICT)
class UpdateCode(TypedDict, total=False):
    """The data of producer-code.update, a merge patch."""

    code: Code
    organization: Reference
    roles: _Roles
    description: OptionalText
    branch: _Branch
    producerStatus: OptionalStatus
    appointmentDate: Date
    terminationDate: Date


def _create(data: CreateCode) -> core.CreateCode:
    branch = data.get("branch")
    return core.CreateCode(
        data["code"],
        data["organization"]["id"],
        ids_of(data["roles"]),
        data.get("description"),
        None if branch is None else branch["id"],
        status_of(data.get("producerStatus")),
        data.get("appointmentDate"),
        data.get("terminationDate"),
    )


_PLAIN: Final = {
    "code": "code",
    "description": "description",
    "appointmentDate": "appointment_date",
    "terminationDate": "termination_date",
}


def _update(data: UpdateCode) -> core.UpdateCode:
    changes: dict[str, object] = {_PLAIN[name]: value for name, value in data.items() if name in _PLAIN}
    if "organization" in data:
        changes["organization_id"] = data["organization"]["id"]
    if "roles" in data:
        changes["role_ids"] = ids_of(data["roles"])
    if "branch" in data:
        branch = data["branch"]
        changes["branch_id"] = None if branch is None else branch["id"]
    if "producerStatus" in data:
        changes["status"] = status_of(data["producerStatus"])
    return core.UpdateCode(changes)


READERS: Final = (
    Reader("producer-code.create", CreateCode, _create, check=status_agrees),
    Reader(
        "producer-code.update",
        UpdateCode,
        _update,
        check=status_agrees,
        immutable=frozenset({"code", "organization"}),
    ),
)
