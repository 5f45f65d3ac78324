"""Models of elements and pages for the OpenAPI document: attributes with checksum and links; groups and producers."""

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from service.contract.aggregate import user
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
    with_shown,
)

Count = Annotated[int, Field(ge=0, le=100, description="The number of items on this page.")]
Total = Annotated[int, Field(ge=0, description="The number of items of the whole collection, if requested.")]


@closed
class Code(TypedDict):
    """A producer code with checksum and links."""

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
    """A user association with checksum and links."""

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
    """A group association with checksum and links."""

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
    """An organization with checksum and links."""

    attributes: OrganizationAttributes
    checksum: Tag
    links: ElementLinks


@closed
class OrganizationElement(TypedDict):
    """One organization."""

    data: Organization


@closed
class Role(TypedDict):
    """A role with checksum and links."""

    attributes: RoleAttributes
    checksum: Tag
    links: ElementLinks


@closed
class RoleElement(TypedDict):
    """One role."""

    data: Role


@closed
class Address(TypedDict):
    """The address of an office."""

    line1: Text
    line2: NotRequired[Text]
    line3: NotRequired[Text]
    organization: NotRequired[Text]
    city: Text
    state: NotRequired[Text]
    postal_code: NotRequired[Text]
    country_code: Text


@closed
class Member(TypedDict):
    """A user of a group; `external_id` is optional."""

    id: Id
    name: Text
    email: Text
    external_id: NotRequired[Text]


@closed
class Product(TypedDict):
    """A product that a group may sell."""

    id: Id
    name: Text
    institution_id: Text
    product_line: Text


@closed
class Group(TypedDict):
    """A group; `value` is an address for an office, and a string for a region or division."""

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
    """The organization that a producer works for."""

    id: Id
    name: Text


@closed
@with_shown(user.ATTRIBUTES)
class Producer(TypedDict):
    """A user; `external_id` is optional, `groups` are ids."""

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
