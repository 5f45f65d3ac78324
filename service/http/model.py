"""Models of the responses, for the OpenAPI document; PostgreSQL builds the responses themselves."""

from collections.abc import Callable, Iterable
from typing import Annotated, Any, Final, Literal, NotRequired, TypeVar

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from service.contract.aggregate import producer_code
from service.contract.attribute import DATE, FLAGS, OPTIONAL_TEXT, TEXT, TEXTS, USERNAME, Attribute, Kind
from service.core.problem import MAX_ERRORS
from service.core.producer_status import ProducerStatusCode
from service.http.value import ID_PATTERN, MAX_ID

Model = TypeVar("Model")

closed = with_config(ConfigDict(extra="forbid"))

Id = Annotated[str, Field(pattern=ID_PATTERN, max_length=MAX_ID)]
Text = Annotated[str, Field(max_length=255)]
Day = Annotated[str, Field(json_schema_extra={"format": "date"})]
Path = Annotated[str, Field(json_schema_extra={"format": "uri-reference"})]
Tag = Annotated[
    str, Field(pattern="^[0-9]+-[0-9a-f]{16}$", description="The entity tag of the response for this element alone.")
]


_SHOWN: Final[dict[Kind, Any]] = {
    TEXT: Text,
    OPTIONAL_TEXT: Text,
    USERNAME: Text,
    TEXTS: list[Text],
    DATE: Day,
    **dict.fromkeys(FLAGS, bool),
}


def with_shown(attributes: Iterable[Attribute]) -> Callable[[Model], Model]:
    """Return the decorator that adds the attributes that HTTP shows as they are, after those of the class."""
    added = {a.name: NotRequired[_SHOWN[a.kind]] for a in attributes if a.http}

    def extended(model: Any) -> Any:
        complete: Any = TypedDict(model.__name__, {**model.__annotations__, **added})  # type: ignore[misc]
        complete.__doc__ = model.__doc__
        return complete

    return extended


@closed
class Link(TypedDict):
    """A link."""

    href: Path
    methods: list[Literal["get"]]


@closed
class ElementLinks(TypedDict):
    """The link of the element itself."""

    self: Link


@closed
class PageLinks(TypedDict):
    """Links to other pages; `prev` and `next` are present if such pages exist."""

    first: Link
    prev: NotRequired[Link]
    next: NotRequired[Link]
    self: Link


@closed
class ProducerStatus(TypedDict):
    """A producer status."""

    code: ProducerStatusCode
    name: ProducerStatusCode


@closed
class BranchReference(TypedDict):
    """The insurer's office that serves a producer code."""

    branchCode: Text
    displayName: Text
    id: Id


@closed
class OrganizationReference(TypedDict):
    """The organization that a producer code belongs to."""

    displayName: Text
    id: Id
    type: Literal["Organization"]
    uri: Path


@closed
class RoleReference(TypedDict):
    """A role of a producer code."""

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
@with_shown(producer_code.ATTRIBUTES)
class CodeAttributes(TypedDict):
    """A producer code; attributes without a value, and attributes not in `fields`, are omitted."""

    branch: NotRequired[BranchReference]
    code: NotRequired[Text]
    description: NotRequired[Text]
    displayName: NotRequired[Text]
    id: NotRequired[Id]
    organization: NotRequired[OrganizationReference]
    producerStatus: NotRequired[ProducerStatus]
    roles: NotRequired[list[RoleReference]]


@closed
class UserProducerCodeAttributes(TypedDict):
    """The association of a user with a producer code; `id` is the id of the association."""

    id: NotRequired[Id]
    producerCode: NotRequired[CodeReference]
    roles: NotRequired[list[RoleReference]]


@closed
class GroupProducerCodeAttributes(TypedDict):
    """The association of a group with a producer code; `id` is the id of the association."""

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
    """One error; `path` is a parameter name or a JSON pointer, empty for the request as a whole."""

    code: str
    message: str
    path: str


@closed
class Problem(TypedDict):
    """A problem (RFC 9457) with the first errors of the request by path.

    `more` is the number of the other errors, and absent if there are none.
    """

    type: Path
    title: str
    status: int
    detail: str
    instance: Path
    errors: Annotated[list[Error], Field(max_length=MAX_ERRORS)]
    more: NotRequired[Annotated[int, Field(ge=1)]]
