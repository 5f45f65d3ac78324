"""Groups (groups document, "Create a Group", "Update a Group")."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal, NotRequired, TypeAlias

from pydantic import ConfigDict, Discriminator, Field, with_config
from typing_extensions import TypedDict

from service.contract import data as event
from service.contract.attribute import ORGANIZATION_ID, Attribute, Kind, StateKind, fixed_names
from service.contract.field import STRICT, Id, OptionalName, OptionalText, OrganizationId, Reference, Text
from service.contract.reader import Reader
from service.core import group as core
from service.core.problem import Problem

_TYPES: Final = "office, region or division"
_WITH_STATES: Final = "^([Uu][Ss][Aa]?|[Cc][Aa][Nn]?|[Aa][Uu][Ss]?)$"
_has_states: Final = re.compile(_WITH_STATES).fullmatch
_COUNTRIES: Final = "the USA, Canada and Australia"
# The same rule as in _complete_address, for the schema.
_REQUIRED_BY_COUNTRY: Final[dict[str, Any]] = {
    "if": {
        "properties": {"country_code": {"type": "string", "pattern": _WITH_STATES}},
        "required": ["country_code"],
    },
    "then": {
        "properties": {"state": {"type": "string"}, "postal_code": {"type": "string"}},
        "required": ["state", "postal_code"],
    },
}


@with_config(ConfigDict(**STRICT, json_schema_extra=_REQUIRED_BY_COUNTRY))
class Address(TypedDict):
    """The address of an office; state and postal_code are required for the USA, Canada and Australia."""

    line1: Text
    line2: NotRequired[OptionalText]
    line3: NotRequired[OptionalText]
    organization: NotRequired[OptionalText]
    city: Text
    state: NotRequired[OptionalName]
    postal_code: NotRequired[OptionalName]
    country_code: Text


_OfficeType: TypeAlias = Annotated[Literal["office"], Field(description=_TYPES)]
_AreaType: TypeAlias = Annotated[Literal["region", "division"], Field(description=_TYPES)]
_OfficeValue: TypeAlias = Annotated[
    Address,
    Field(description="an address with line1, city and country_code, because the type is office"),
]


@with_config(STRICT)
class CreateOffice(TypedDict):
    """The data of group.create for an office."""

    type: _OfficeType
    value: _OfficeValue
    distributor_id: OrganizationId


@with_config(STRICT)
class CreateArea(TypedDict):
    """The data of group.create for a region or division."""

    type: _AreaType
    value: Text
    distributor_id: OrganizationId


@with_config(STRICT)
class UpdateOffice(TypedDict):
    """The data of group.update for an office: all fields; the distributor is optional."""

    type: _OfficeType
    value: _OfficeValue
    distributor_id: NotRequired[OrganizationId]


@with_config(STRICT)
class UpdateArea(TypedDict):
    """The data of group.update for a region or division: all fields; the distributor is optional."""

    type: _AreaType
    value: Text
    distributor_id: NotRequired[OrganizationId]


_VALUE: Final = Kind(
    Annotated[
        Address | Text,
        Field(description="an address for an office; a string of 1 to 255 characters without NUL for other types"),
    ],
    event.Address | str,
)
_TYPE: Final = Kind(Annotated[Literal["office", "region", "division"], Field(description=_TYPES)], event.GroupType)

# A create or update depends on the type, so the models are written out.
ATTRIBUTES: Final = (
    Attribute("type", "type", _TYPE, "the type", required=True),
    Attribute("value", "value", _VALUE, "the place of an office, the name of a region or division", required=True),
    Attribute(
        "distributor_id", "organization_id", ORGANIZATION_ID, "the organization of the group", required=True, fixed=True
    ),
    Attribute("products", "product_ids", Kind(None, list[str]), "products that the group may sell", only="events"),
)

CreateGroup: TypeAlias = Annotated[CreateOffice | CreateArea, Discriminator("type")]
UpdateGroup: TypeAlias = Annotated[UpdateOffice | UpdateArea, Discriminator("type")]


@with_config(STRICT)
class GroupCode(TypedDict):
    """The data of group.add-producer-code and group.remove-producer-code."""

    producerCode: Reference


@with_config(STRICT)
class GroupProduct(TypedDict):
    """The data of group.grant-product and group.revoke-product."""

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
        value.get("state"),
        value.get("postal_code"),
        value["country_code"],
    )


def _complete_address(data: dict[str, Any], _subject: str) -> list[Problem]:
    """Return a problem for the state and the postal code if they are missing in a country where they are required."""
    address = data.get("value")
    if not isinstance(address, dict) or data.get("type") != "office":
        return []
    country = address.get("country_code")
    if not isinstance(country, str) or _has_states(country) is None:
        return []
    return [
        Problem("invalid", f"value.{name} is missing: it is required for {_COUNTRIES}.", f"/value/{name}")
        for name in ("state", "postal_code")
        if address.get(name) is None
    ]


def _address(value: core.Address) -> event.Address:
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


def _state(group: core.Group) -> dict[str, object]:
    value = group.value
    return {
        "id": group.id,
        "type": group.type,
        "value": value if isinstance(value, str) else _address(value),
        "distributor_id": group.organization_id,
        "products": list(group.product_ids),
        "version": group.version,
    }


def _create(data: CreateGroup) -> core.CreateGroup:
    return core.CreateGroup(data["type"], _value(data["value"]), data["distributor_id"])


def _update(data: UpdateGroup) -> core.UpdateGroup:
    return core.UpdateGroup(data["type"], _value(data["value"]), data.get("distributor_id"))


def _intended_choice(data: Any) -> Literal["office", "area"]:
    """Return the variant that the sender probably intended: by the type or, if the type is invalid, by the value."""
    if not isinstance(data, dict):
        return "office"
    by_type = {"office": "office", "region": "area", "division": "area"}.get(str(data.get("type")))
    return "office" if by_type == "office" or (by_type is None and isinstance(data.get("value"), dict)) else "area"


READERS: Final = (
    Reader(
        "group.create",
        CreateGroup,
        _create,
        check=_complete_address,
        choices={"office": CreateOffice, "area": CreateArea},
        intended=_intended_choice,
    ),
    Reader(
        "group.update",
        UpdateGroup,
        _update,
        check=_complete_address,
        choices={"office": UpdateOffice, "area": UpdateArea},
        intended=_intended_choice,
        immutable=fixed_names(ATTRIBUTES),
    ),
    Reader("group.add-producer-code", GroupCode, lambda data: core.AddGroupCode(data["producerCode"]["id"])),
    Reader("group.remove-producer-code", GroupCode, lambda data: core.RemoveGroupCode(data["producerCode"]["id"])),
    Reader("group.grant-product", GroupProduct, lambda data: core.GrantProduct(data["product_id"])),
    Reader("group.revoke-product", GroupProduct, lambda data: core.RevokeProduct(data["product_id"])),
)
STATES: Final = (StateKind(core.Group, "group", "group", "A group; `products` are ids.", ATTRIBUTES, _state),)
