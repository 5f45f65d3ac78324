"""The data of associations and outcomes, and parts of states: the source of their JSON Schemas.

States are derived from the attributes in service/contract/aggregate. A state always has all attributes: an attribute
without a value is null, a list without items is empty and never null.
"""

from __future__ import annotations

from typing import Annotated, Final, NotRequired, TypeAlias

from pydantic import Field
from typing_extensions import TypedDict

from service.contract.catalogue import GROWS, REJECTIONS
from service.core.producer_status import ProducerStatusCode

_MEANINGS: Final = "; ".join(f"`{code}`: {title[0].lower()}{title[1:]}" for code, title in REJECTIONS.items())

RejectionCode: TypeAlias = Annotated[
    str,
    Field(
        description=f"What kind of error it is. {_MEANINGS}. {GROWS} Treat an unknown one like `invalid`.",
        json_schema_extra={"enum": list(REJECTIONS)},
    ),
]
GroupType: TypeAlias = Annotated[str, Field(json_schema_extra={"enum": ["office", "region", "division"]})]


class Identified(TypedDict):
    """A reference by id."""

    id: str


class Address(TypedDict):
    """The address of an office."""

    line1: str
    line2: str | None
    line3: str | None
    organization: str | None
    city: str
    state: str | None
    postal_code: str | None
    country_code: str


class StatusWord(TypedDict):
    """A producer status."""

    code: ProducerStatusCode
    name: ProducerStatusCode


class CodeReference(TypedDict):
    """A producer code by id, with its string."""

    id: str
    code: str


class GroupProducerCode(TypedDict):
    """The association of a group with a producer code; `id` is the id of the association."""

    id: str
    group: Identified
    producerCode: CodeReference


class UserProducerCode(TypedDict):
    """The association of a user with a producer code and some of its roles; `id` is the id of the association."""

    id: str
    user: Identified
    producerCode: CodeReference
    roles: list[Identified]


class CommandReference(TypedDict):
    """The command that an outcome belongs to."""

    source: str
    id: str
    type: str


class ErrorData(TypedDict):
    """One error; `path` is a JSON pointer into the data, or the name of an envelope attribute, without a slash."""

    code: RejectionCode
    message: str
    path: str


class ProblemData(TypedDict):
    """The reason for a rejection: the code of the first error, and the first errors ordered by path.

    `more` is the number of the other errors, and absent if there are none.
    """

    code: RejectionCode
    title: str
    errors: list[ErrorData]
    more: NotRequired[Annotated[int, Field(ge=1)]]


class Outcome(TypedDict):
    """The outcome of a command; `version` is the subject's version after it, null when the subject does not exist."""

    command: CommandReference
    subject: str | None
    version: int | None
    events: list[str]


class Rejection(Outcome):
    """The outcome of a rejected command."""

    problem: ProblemData
