"""The data of user commands (groups document, "Adding Producers"; producer-codes document, "Associating …").

`distributor_id` is the name of `organization` in the groups document.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, NotRequired, TypeAlias

from pydantic import Field, with_config
from typing_extensions import TypedDict

from service.contract.field import (
    MAX_ITEMS,
    STRICT,
    Flag,
    Id,
    IdList,
    OptionalText,
    Reference,
    Text,
    Username,
    ids_of,
    normalized,
)
from service.contract.reader import Reader
from service.core import user as core
from service.core.problem import Problem

_Roles: TypeAlias = Annotated[
    Annotated[list[Reference], Field(max_length=MAX_ITEMS)] | None,
    Field(description='roles of the code, such as [{"id": "producer"}], or null for all'),
]


@with_config(STRICT)
class CreateUser(TypedDict):
    """The data of user.create; `organization` or `distributor_id` is required."""

    name: Text
    email: Text
    organization: NotRequired[Reference]
    distributor_id: NotRequired[Id]
    external_id: NotRequired[OptionalText]
    username: NotRequired[Username]
    groups: NotRequired[IdList]
    enabled: NotRequired[Flag]
    externalUser: NotRequired[Flag]
    useProducerCodeSecurity: NotRequired[Flag]


@with_config(STRICT)
class UpdateUser(TypedDict, total=False):
    """The data of user.update, a merge patch."""

    name: Text
    email: Text
    organization: Reference
    distributor_id: Id
    external_id: OptionalText
    username: Username
    groups: IdList
    enabled: Flag
    externalUser: Flag
    useProducerCodeSecurity: Flag


@with_config(STRICT)
class UserGroup(TypedDict):
    """The data of user.join-group and user.leave-group."""

    group_id: Id


@with_config(STRICT)
class UserCode(TypedDict):
    """The data of user.add-producer-code and user.remove-producer-code; remove ignores the roles."""

    producerCode: Reference
    roles: NotRequired[_Roles]


def _create(data: CreateUser) -> core.CreateUser:
    has_organization = "organization" in data
    enabled, secured = data.get("enabled"), data.get("useProducerCodeSecurity")
    return core.CreateUser(
        data["name"],
        data["email"],
        data["organization"]["id"] if has_organization else data["distributor_id"],
        data.get("external_id"),
        _normalized(data.get("username")),
        tuple(data.get("groups") or ()),
        True if enabled is None else enabled,
        data.get("externalUser"),
        True if secured is None else secured,
        "/organization/id" if has_organization else "/distributor_id",
    )


def _normalized(username: str | None) -> str | None:
    return None if username is None else normalized(username)


_PLAIN: Final = {
    "name": "name",
    "email": "email",
    "distributor_id": "organization_id",
    "external_id": "external_id",
    "enabled": "enabled",
    "externalUser": "external_user",
    "useProducerCodeSecurity": "code_secured",
}


def _update(data: UpdateUser) -> core.UpdateUser:
    changes: dict[str, object] = {_PLAIN[name]: value for name, value in data.items() if name in _PLAIN}
    if "username" in data:
        changes["username"] = _normalized(data["username"])
    if "groups" in data:
        changes["group_ids"] = tuple(data["groups"] or ())
    if "organization" not in data:
        return core.UpdateUser(changes, "/distributor_id")
    changes["organization_id"] = data["organization"]["id"]
    return core.UpdateUser(changes)


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


def _required_organization(data: dict[str, Any], subject: str) -> list[Problem]:
    if "distributor_id" in data or "organization" in data:
        return _same_organization(data, subject)
    message = 'organization is missing: it must be an object with an id, such as {"id": "pc:4"}.'
    return [Problem("invalid", message, "/organization")]


READERS: Final = (
    Reader("user.create", CreateUser, _create, check=_required_organization),
    Reader(
        "user.update",
        UpdateUser,
        _update,
        check=_same_organization,
        immutable=frozenset({"organization", "distributor_id"}),
    ),
    Reader("user.join-group", UserGroup, lambda data: core.JoinGroup(data["group_id"])),
    Reader("user.leave-group", UserGroup, lambda data: core.LeaveGroup(data["group_id"])),
    Reader("user.add-producer-code", UserCode, _add_code),
    Reader("user.remove-producer-code", UserCode, lambda data: core.RemoveUserCode(data["producerCode"]["id"])),
)
