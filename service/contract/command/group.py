"""Data of the commands on groups (groups document, "Create a Group", "Update a Group")."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, NotRequired, TypeAlias

from pydantic import Discriminator, Field, with_config
from typing_extensions import TypedDict

from service.contract.field import STRICT, Id, OptionalText, Reference, Text
from service.contract.reader import Reader
from service.core import group as core

_TYPES: Final = "office, region or division"


@with_config(STRICT)
class Address(TypedDict):
    """Where an office is."""

    line1: Text
    line2: NotRequired[OptionalText]
    line3: NotRequired[OptionalText]
    organization: NotRequired[OptionalText]
    city: Text
    state: Text
    postal_code: Text
    country_code: Text


_OfficeType: TypeAlias = Annotated[Literal["office"], Field(description=_TYPES)]
_AreaType: TypeAlias = Annotated[Literal["region", "division"], Field(description=_TYPES)]
_OfficeValue: TypeAlias = Annotated[
    Address, Field(description="an address with line1, city, state, postal_code and country_code, as type is office")
]


@with_config(STRICT)
class CreateOffice(TypedDict):
    """Data of group.create for an office."""

    type: _OfficeType
    value: _OfficeValue
    distributor_id: Id


@with_config(STRICT)
class CreateArea(TypedDict):
    """Data of group.create for a region or division."""

    type: _AreaType
    value: Text
    distributor_id: Id


@with_config(STRICT)
class UpdateOffice(TypedDict):
    """Data of group.update for an office: whole, but the distributor may be left out."""

    type: _OfficeType
    value: _OfficeValue
    distributor_id: NotRequired[Id]


@with_config(STRICT)
class UpdateArea(TypedDict):
    """Data of group.update for a region or division: whole, but the distributor may be left out."""

    type: _AreaType
    value: Text
    distributor_id: NotRequired[Id]


CreateGroup: TypeAlias = Annotated[CreateOffice | CreateArea, Discriminator("type")]
UpdateGroup: TypeAlias = Annotated[UpdateOffice | UpdateArea, Discriminator("type")]


@with_config(STRICT)
class GroupCode(TypedDict):
    """Data of group.add-producer-code and group.remove-producer-code."""

    producerCode: Reference


@with_config(STRICT)
class GroupProduct(TypedDict):
    """Data of group.grant-product and group.revoke-product."""

    product_id: Id


def _value(value: Address | str) -> core.Address | str:
    if isinstance(value, str):
        return value
    return core.Address(
        value["line1"],
        value.get("line2"),
        value.get("line3"),
        value.get("organization"),
        value["city"],
        value["state"],
        value["postal_code"],
        value["country_code"],
    )


def _create(data: CreateGroup) -> core.CreateGroup:
    return core.CreateGroup(data["type"], _value(data["value"]), data["distributor_id"])


def _update(data: UpdateGroup) -> core.UpdateGroup:
    return core.UpdateGroup(data["type"], _value(data["value"]), data.get("distributor_id"))


def _meant(data: Any) -> Literal["office", "area"]:
    """Guess what the sender meant: by the type, and where that is not right by the value."""
    if not isinstance(data, dict):
        return "office"
    named = {"office": "office", "region": "area", "division": "area"}.get(str(data.get("type")))
    return "office" if named == "office" or (named is None and isinstance(data.get("value"), dict)) else "area"


READERS: Final = (
    Reader(
        "group.create",
        CreateGroup,
        _create,
        choices={"office": CreateOffice, "area": CreateArea},
        meant=_meant,
    ),
    Reader(
        "group.update",
        UpdateGroup,
        _update,
        choices={"office": UpdateOffice, "area": UpdateArea},
        meant=_meant,
        immutable=frozenset({"distributor_id"}),
    ),
    Reader("group.add-producer-code", GroupCode, lambda data: core.AddGroupCode(data["producerCode"]["id"])),
    Reader("group.remove-producer-code", GroupCode, lambda data: core.RemoveGroupCode(data["producerCode"]["id"])),
    Reader("group.grant-product", GroupProduct, lambda data: core.GrantProduct(data["product_id"])),
    Reader("group.revoke-product", GroupProduct, lambda data: core.RevokeProduct(data["product_id"])),
)
