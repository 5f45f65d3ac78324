"""Users (groups document, "Adding Producers"; producer-codes document, "Associating …").

`distributor_id` is the name of `organization` in the groups document.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, NotRequired, TypeAlias

from pydantic import Field, with_config
from typing_extensions import TypedDict

from service.contract.attribute import (
    EXTERNAL_FLAG,
    GROUP_IDS,
    OPTIONAL_TEXT,
    ORGANIZATION_ID,
    REFERENCE,
    TEXT,
    TRUE_FLAG,
    USERNAME,
    Attribute,
    Data,
    StateKind,
    changes_of,
    clearable_names,
    create_model,
    fixed_names,
    update_model,
)
from service.contract.field import MAX_ITEMS, STRICT, Id, Reference, ids_of, normalized
from service.contract.reader import Reader, Replacement
from service.core import user as core
from service.core.problem import Problem

ATTRIBUTES: Final = (
    Attribute("name", "name", TEXT, "the name", required=True),
    Attribute("email", "email", TEXT, "the e-mail address", required=True),
    Attribute(
        "organization",
        "organization_id",
        REFERENCE,
        "required, unless `distributor_id` is given",
        fixed=True,
    ),
    Attribute(
        "distributor_id", "organization_id", ORGANIZATION_ID, "the id of the organization", fixed=True, only="commands"
    ),
    Attribute("external_id", "external_id", OPTIONAL_TEXT, "the id in another system"),
    Attribute("username", "username", USERNAME, "the subject of the user's tokens; unique"),
    Attribute("groups", "group_ids", GROUP_IDS, "groups of the same organization"),
    Attribute("enabled", "enabled", TRUE_FLAG, "false: HTTP refuses the user's requests"),
    Attribute("externalUser", "external_user", EXTERNAL_FLAG, "true: holds no codes of other organizations"),
    Attribute("useProducerCodeSecurity", "code_secured", TRUE_FLAG, "true: uses associated codes only"),
)

_Roles: TypeAlias = Annotated[
    Annotated[list[Reference], Field(max_length=MAX_ITEMS)] | None,
    Field(description='roles of the code, such as [{"id": "producer"}], or null for all'),
]


@with_config(STRICT)
class UserGroup(TypedDict):
    """The data of user.join-group and user.leave-group."""

    group_id: Id


@with_config(STRICT)
class UserCode(TypedDict):
    """The data of user.add-producer-code and user.remove-producer-code; remove ignores the roles."""

    producerCode: Reference
    roles: NotRequired[_Roles]


_changes = changes_of(ATTRIBUTES)


def _create(data: Data) -> core.CreateUser:
    has_organization = "organization" in data
    enabled, secured = data.get("enabled"), data.get("useProducerCodeSecurity")
    return core.CreateUser(
        data["name"],
        data["email"],
        data["organization"]["id"] if has_organization else data["distributor_id"],
        data.get("external_id"),
        normalized(data.get("username")),
        tuple(data.get("groups") or ()),
        True if enabled is None else enabled,
        data.get("externalUser"),
        True if secured is None else secured,
        "/organization/id" if has_organization else "/distributor_id",
    )


def _state(user: core.User) -> dict[str, object]:
    return {
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "organization": {"id": user.organization_id},
        "external_id": user.external_id,
        "username": user.username,
        "groups": list(user.group_ids),
        "enabled": user.enabled,
        "externalUser": user.external_user,
        "useProducerCodeSecurity": user.code_secured,
        "version": user.version,
    }


def _update(data: Data) -> core.UpdateUser:
    changes = _changes(data)
    return core.UpdateUser(changes) if "organization" in data else core.UpdateUser(changes, "/distributor_id")


def _add_code(data: UserCode) -> core.AddUserCode:
    roles = data.get("roles")
    return core.AddUserCode(data["producerCode"]["id"], None if roles is None else ids_of(roles))


def _same_organization(data: dict[str, Any], _subject: str) -> list[Problem]:
    """Return a problem when `organization` and `distributor_id` differ."""
    organization = data.get("organization")
    if "distributor_id" not in data or not isinstance(organization, dict):
        return []
    if data["distributor_id"] == organization.get("id"):
        return []
    return [Problem("invalid", "distributor_id must be the same as organization.id.", "/distributor_id")]


# The same rule as in _required_organization, for the schema. Code generators would take an `anyOf` for two types.
_ORGANIZATION: Final = {
    "if": {"not": {"properties": {"organization": {"type": "object"}}, "required": ["organization"]}},
    "then": {"properties": {"distributor_id": {"type": "string"}}, "required": ["distributor_id"]},
}


def _required_organization(data: dict[str, Any], subject: str) -> list[Problem]:
    if "distributor_id" in data or "organization" in data:
        return _same_organization(data, subject)
    message = 'organization is missing: it must be an object with an id, such as {"id": "pc:4"}.'
    return [Problem("invalid", message, "/organization")]


READERS: Final = (
    Reader(
        "user.create",
        create_model("CreateUser", ATTRIBUTES, keywords=_ORGANIZATION),
        _create,
        check=_required_organization,
    ),
    Reader(
        "user.update",
        update_model("UpdateUser", ATTRIBUTES),
        _update,
        check=_same_organization,
        immutable=fixed_names(ATTRIBUTES),
    ),
    Reader("user.join-group", UserGroup, lambda data: core.JoinGroup(data["group_id"])),
    Reader("user.leave-group", UserGroup, lambda data: core.LeaveGroup(data["group_id"])),
    Reader("user.add-producer-code", UserCode, _add_code),
    Reader("user.remove-producer-code", UserCode, lambda data: core.RemoveUserCode(data["producerCode"]["id"])),
)
REPLACEMENT: Final = Replacement(
    Reader(
        "user.update",
        create_model("ReplaceUser", ATTRIBUTES),
        _update,
        check=_same_organization,
        immutable=fixed_names(ATTRIBUTES),
    ),
    clearable_names(ATTRIBUTES),
)
STATES: Final = (StateKind(core.User, "user", "user", "A user; `groups` are ids.", ATTRIBUTES, _state),)
