"""Elements and pages as the OpenAPI document shows them: attributes with checksum and links; groups and producers."""

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from service.http.model import (
    CodeAttributes,
    ElementLinks,
    GroupProducerCodeAttributes,
    Id,
    OrganizationAttributes,
    PageLinks,
    RoleAttributes,
    Tag,
    Text,
    UserProducerCodeAttributes,
    closed,
)

Count = Annotated[int, Field(ge=0, le=100, description="Items on this page.")]
Total = Annotated[int, Field(ge=0, description="Items of the whole collection, when asked for.")]


@closed
class Code(TypedDict):
    """A producer code in its envelope."""

    attributes: CodeAttributes
    checksum: Tag
    links: ElementLinks


@closed
class CodeElement(TypedDict):
    """One producer code."""

    data: Code


@closed
class CodePage(TypedDict):
    """A page of producer codes."""

    count: Count
    data: list[Code]
    links: PageLinks
    total: NotRequired[Total]


@closed
class UserProducerCode(TypedDict):
    """A user association in its envelope."""

    attributes: UserProducerCodeAttributes
    checksum: Tag
    links: ElementLinks


@closed
class UserProducerCodeElement(TypedDict):
    """One user association."""

    data: UserProducerCode


@closed
class UserProducerCodePage(TypedDict):
    """A page of user associations."""

    count: Count
    data: list[UserProducerCode]
    links: PageLinks
    total: NotRequired[Total]


@closed
class GroupProducerCode(TypedDict):
    """A group association in its envelope."""

    attributes: GroupProducerCodeAttributes
    checksum: Tag
    links: ElementLinks


@closed
class GroupProducerCodeElement(TypedDict):
    """One group association."""

    data: GroupProducerCode


@closed
class GroupProducerCodePage(TypedDict):
    """A page of group associations."""

    count: Count
    data: list[GroupProducerCode]
    links: PageLinks
    total: NotRequired[Total]


@closed
class Organization(TypedDict):
    """An organization in its envelope."""

    attributes: OrganizationAttributes
    checksum: Tag
    links: ElementLinks


@closed
class OrganizationElement(TypedDict):
    """One organization."""

    data: Organization


@closed
class Role(TypedDict):
    """A role in its envelope."""

    attributes: RoleAttributes
    checksum: Tag
    links: ElementLinks


@closed
class RoleElement(TypedDict):
    """One role."""

    data: Role


@closed
class Address(TypedDict):
    """Where an office is."""

    line1: Text
    line2: NotRequired[Text]
    line3: NotRequired[Text]
    organization: NotRequired[Text]
    city: Text
    state: Text
    postal_code: Text
    country_code: Text


@closed
class Member(TypedDict):
    """A user of a group; `external_id` when there is one."""

    id: Id
    name: Text
    email: Text
    external_id: NotRequired[Text]


@closed
class Product(TypedDict):
    """A product a group may sell."""

    id: Id
    name: Text
    institution_id: Text
    product_line: Text


@closed
class Group(TypedDict):
    """A group; `value` is an address for an office and a text for a region or division."""

    id: Id
    type: Literal["office", "region", "division"]
    value: Address | Text
    distributor_id: Id
    producers: list[Member] | None
    products: list[Product] | None


@closed
class GroupElement(TypedDict):
    """One group."""

    group: Group


@closed
class GroupPage(TypedDict):
    """A page of groups."""

    groups: list[Group]


@closed
class Distributor(TypedDict):
    """The organization a producer works for."""

    id: Id
    name: Text


@closed
class Producer(TypedDict):
    """A user; `external_id` when there is one, `groups` are ids."""

    id: Id
    name: Text
    email: Text
    external_id: NotRequired[Text]
    enabled: bool
    distributor: Distributor
    groups: list[Id]


@closed
class ProducerElement(TypedDict):
    """One producer."""

    producer: Producer


@closed
class ProducerPage(TypedDict):
    """A page of producers."""

    producers: list[Producer]
