"""Producer codes (producer-codes document, "Creating producer codes", "Updating …")."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from pydantic import Field

from service.contract.attribute import (
    DATE,
    OPTIONAL_TEXT,
    REFERENCE,
    STATUS,
    STATUS_WORDS,
    Attribute,
    Data,
    Kind,
    StateKind,
    changes_of,
    create_model,
    fixed_names,
    identified,
    update_model,
)
from service.contract.data import Identified
from service.contract.field import MAX_ITEMS, Code, Reference, ids_of, status_agrees, status_of
from service.contract.reader import Reader
from service.core import producer_code as core

_Roles: TypeAlias = Annotated[
    list[Reference],
    Field(min_length=1, max_length=MAX_ITEMS, description='one or more roles, such as [{"id": "producer"}]'),
]
_Branch: TypeAlias = Annotated[
    Reference | None, Field(description='a branch, such as {"id": "pc:S17f59YeYbDQEVkdUiua9"}, or null')
]
_CODE: Final = Kind(Code, str)
_ROLES: Final = Kind(_Roles, list[Identified], ids_of)
_BRANCH: Final = Kind(_Branch, Identified | None, lambda branch: None if branch is None else branch["id"])

ATTRIBUTES: Final = (
    Attribute("code", "code", _CODE, "the string on policies; unique, case is ignored", required=True, fixed=True),
    Attribute("organization", "organization_id", REFERENCE, "the organization of the code", required=True, fixed=True),
    Attribute("roles", "role_ids", _ROLES, "the roles that holders of the code may have", required=True),
    Attribute("description", "description", OPTIONAL_TEXT, "a text for people"),
    Attribute("branch", "branch_id", _BRANCH, "the insurer's office that serves the code"),
    Attribute("producerStatus", "status", STATUS, "which uses of the code are allowed"),
    Attribute("appointmentDate", "appointment_date", DATE, "the first day of use", http=True),
    Attribute("terminationDate", "termination_date", DATE, "the day after the last day of use", http=True),
)

_changes = changes_of(ATTRIBUTES)


def _create(data: Data) -> core.CreateCode:
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


def _state(code: core.ProducerCode) -> dict[str, object]:
    return {
        "id": code.id,
        "code": code.code,
        "organization": {"id": code.organization_id},
        "roles": identified(code.role_ids),
        "description": code.description,
        "branch": None if code.branch_id is None else {"id": code.branch_id},
        "producerStatus": STATUS_WORDS[code.status],
        "appointmentDate": code.appointment_date,
        "terminationDate": code.termination_date,
        "version": code.version,
    }


READERS: Final = (
    Reader("producer-code.create", create_model("CreateCode", ATTRIBUTES), _create, check=status_agrees),
    Reader(
        "producer-code.update",
        update_model("UpdateCode", ATTRIBUTES),
        lambda data: core.UpdateCode(_changes(data)),
        check=status_agrees,
        immutable=fixed_names(ATTRIBUTES),
    ),
)
STATES: Final = (StateKind(core.ProducerCode, "producer-code", "producerCode", "A producer code.", ATTRIBUTES, _state),)
