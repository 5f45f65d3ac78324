"""The shapes of the answers, for the OpenAPI document; the answers themselves are built by PostgreSQL."""

from typing import Annotated, Literal, NotRequired

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from service.core.producer_status import ProducerStatusCode
from service.http.value import ID_PATTERN, MAX_ID

closed = with_config(ConfigDict(extra="forbid"))

Id = Annotated[str, Field(pattern=ID_PATTERN, max_length=MAX_ID)]
Text = Annotated[str, Field(max_length=255)]
Day = Annotated[str, Field(json_schema_extra={"format": "date"})]
Path = Annotated[str, Field(json_schema_extra={"format": "uri-reference"})]
Tag = Annotated[str, Field(pattern="^[0-9]+-[0-9a-f]{16}$", description="The tag of the element's own answer.")]


@closed
class Link(TypedDict):
    """A path to follow."""

    href: Path
    methods: list[Literal["get"]]


@closed
class ElementLinks(TypedDict):
    """Where the element is by itself."""

    self: Link


@closed
class PageLinks(TypedDict):
    """The pages around this one; `prev` and `next` where there are such pages."""

    first: Link
    prev: NotRequired[Link]
    next: NotRequired[Link]
    self: Link


@closed
class ProducerStatus(TypedDict):
    """What a status is called."""

    code: ProducerStatusCode
    name: ProducerStatusCode


@closed
class BranchReference(TypedDict):
    """The insurer's office that serves a code."""

    branchCode: Text
    displayName: Text
    id: Id


@closed
class OrganizationReference(TypedDict):
    """The organization a code belongs to."""

    displayName: Text
    id: Id
    type: Literal["Organization"]
    uri: Path


@closed
class RoleReference(TypedDict):
    """A role that a code carries."""

    displayName: Text
    id: Id
    type: Literal["Role"]
    uri: Path


@closed
class CodeReference(TypedDict):
    """A producer code."""

    displayName: Text
    id: Id


@closed
class CodeAttributes(TypedDict):
    """A producer code; what is not set, or not among the wanted `fields`, is left out."""

    branch: NotRequired[BranchReference]
    code: NotRequired[Text]
    description: NotRequired[Text]
    displayName: NotRequired[Text]
    id: NotRequired[Id]
    organization: NotRequired[OrganizationReference]
    producerStatus: NotRequired[ProducerStatus]
    roles: NotRequired[list[RoleReference]]
    appointmentDate: NotRequired[Day]
    terminationDate: NotRequired[Day]


@closed
class UserProducerCodeAttributes(TypedDict):
    """A user's association with a code; `id` is the association's."""

    id: NotRequired[Id]
    producerCode: NotRequired[CodeReference]
    roles: NotRequired[list[RoleReference]]


@closed
class GroupProducerCodeAttributes(TypedDict):
    """A group's association with a code; `id` is the association's."""

    branch: NotRequired[BranchReference]
    code: NotRequired[Text]
    description: NotRequired[Text]
    id: NotRequired[Id]
    producerCode: NotRequired[CodeReference]
    producerStatus: NotRequired[ProducerStatus]


@closed
class OrganizationAttributes(TypedDict):
    """An organization."""

    displayName: Text
    domains: list[Text]
    id: Id
    insurer: bool
    producerStatus: ProducerStatus
    type: Literal["Organization"]


@closed
class RoleAttributes(TypedDict):
    """A role: a named set of permissions."""

    displayName: Text
    id: Id
    permissions: list[Text]
    type: Literal["Role"]


@closed
class Error(TypedDict):
    """One error; `path` is a parameter's name or a JSON pointer, empty when it is about the whole request."""

    code: str
    message: str
    path: str


@closed
class Problem(TypedDict):
    """What went wrong (RFC 9457), all errors at once."""

    type: Path
    title: str
    status: int
    detail: str
    instance: Path
    errors: list[Error]
