"""The fields that bodies are made of. Each description says what is right: in the schemas and in rejections alike.

NUL is not in the constraints: JSON can write it only as an escape, so the reader looks for the escape in the raw body
and pays for a search of the texts only when it is there.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final, NotRequired, TypeAlias

from pydantic import AfterValidator, ConfigDict, Field, with_config
from typing_extensions import TypedDict

from service.core.problem import Problem
from service.core.producer_status import PRODUCER_STATUSES, ProducerStatusCode

STRICT: Final = ConfigDict(extra="forbid", strict=True)

ID_PATTERN: Final = "[A-Za-z0-9][A-Za-z0-9:._~-]*"
ID_LENGTH: Final = 64

MAX_ITEMS: Final = 10_000
"""Of a list; bounds the work that a body with nothing right in it can make."""

_NO_NUL: Final = {"pattern": "^[^\\u0000]*$"}


def _calendar_date(text: str) -> str:
    date.fromisoformat(text)
    return text


Id: TypeAlias = Annotated[
    str,
    Field(
        pattern=f"^{ID_PATTERN}$",
        max_length=ID_LENGTH,
        description="an id: 1 to 64 letters, digits and : . _ ~ -, a letter or digit first",
    ),
]
Text: TypeAlias = Annotated[
    str,
    Field(
        min_length=1, max_length=255, description="a text of 1 to 255 characters without NUL", json_schema_extra=_NO_NUL
    ),
]
OptionalText: TypeAlias = Annotated[
    str | None,
    Field(
        max_length=255,
        description="a text of at most 255 characters without NUL, or null",
        json_schema_extra=_NO_NUL,
    ),
]
OptionalName: TypeAlias = Annotated[Text | None, Field(description="a text of 1 to 255 characters, or null")]
Code: TypeAlias = Annotated[
    str,
    Field(
        pattern="^[A-Za-z0-9][A-Za-z0-9._/-]*$",
        max_length=255,
        description="1 to 255 letters, digits and . _ / -, a letter or digit first, such as 301-008579",
    ),
]
Flag: TypeAlias = Annotated[bool | None, Field(description="true or false, or null for the default")]
Date: TypeAlias = Annotated[
    Annotated[
        str,
        Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", json_schema_extra={"format": "date"}),
        AfterValidator(_calendar_date),
    ]
    | None,
    Field(description="a date of the calendar, written YYYY-MM-DD, or null"),
]
Status: TypeAlias = Annotated[
    ProducerStatusCode,
    Field(description=f"{', '.join(PRODUCER_STATUSES[:-1])} or {PRODUCER_STATUSES[-1]}"),
]
IdList: TypeAlias = Annotated[
    Annotated[list[Id], Field(max_length=MAX_ITEMS)] | None,
    Field(description='a list of at most 10000 ids such as ["pc:17"], or null for none'),
]
TextList: TypeAlias = Annotated[
    Annotated[list[Text], Field(max_length=MAX_ITEMS)] | None,
    Field(description="a list of at most 10000 texts, or null for none"),
]


@with_config(STRICT)
class Identified(TypedDict):
    """A reference by id."""

    id: Id


Reference: TypeAlias = Annotated[Identified, Field(description='an object with an id, such as {"id": "pc:4"}')]


@with_config(STRICT)
class ProducerStatus(TypedDict):
    """A status by code; the name, when given, is the same word."""

    code: Status
    name: NotRequired[Status]


OptionalStatus: TypeAlias = Annotated[
    ProducerStatus | None, Field(description='a status, such as {"code": "Active"}, or null for the default')
]


def ids_of(references: list[Identified]) -> tuple[str, ...]:
    """Give the ids of references in their order."""
    return tuple([reference["id"] for reference in references])


def status_of(status: ProducerStatus | None) -> str:
    """Give the code of a status; Active, the default, when there is none."""
    return "Active" if status is None else status["code"]


def status_agrees(data: dict[str, Any], _subject: str) -> list[Problem]:
    """Refuse a status whose name contradicts its code."""
    status = data.get("producerStatus")
    if not isinstance(status, dict) or "name" not in status or status["name"] == status.get("code"):
        return []
    return [Problem("invalid", "producerStatus.name must be the same as producerStatus.code.", "/producerStatus/name")]
