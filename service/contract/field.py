"""The field types of bodies. Each description states the allowed values, for the schemas and for rejections.

NUL is not among the constraints: JSON can express it only as an escape, so the reader looks for the escape in the raw
body, and searches the strings only when the body contains it.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, NotRequired, TypeAlias
from unicodedata import category, normalize

from pydantic import AfterValidator, ConfigDict, Field, with_config
from typing_extensions import TypedDict

from service.core.problem import Problem
from service.core.producer_status import PRODUCER_STATUSES, ProducerStatusCode

STRICT: Final = ConfigDict(extra="forbid", strict=True)

ID_PATTERN: Final = "[A-Za-z0-9][A-Za-z0-9:._~-]*"
ID_LENGTH: Final = 64
ID_DESCRIPTION: Final = f"an id: 1 to {ID_LENGTH} letters, digits and : . _ ~ -, starting with a letter or digit"

MAX_ITEMS: Final = 10_000
"""The maximum length of a list; limits the work for a body in which every item is invalid."""

MAX_TEXT: Final = 255

# The control, format and space characters of the basic plane, as in a pattern of JSON Schema.
INVISIBLE: Final = (
    r"\u0000-\u001f\u007f-\u00a0\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u1680\u180e\u2000-\u200f"
    r"\u2028-\u202f\u205f-\u2064\u2066-\u206f\u3000\ufeff\ufff9-\ufffb"
)

CALENDAR_DATE: Final = (
    "(?:(?:000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    "|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)-02-29)"
)
"""The pattern of the days from 0001-01-01 to 9999-12-31, with 29 February in leap years only."""

_NO_NUL: Final = {"pattern": "^[^\\u0000]*$"}


def normalized(username: str | None) -> str | None:
    """Return a username in the normalization form NFC, in which usernames are stored and compared."""
    return username if username is None or username.isascii() else normalize("NFC", username)


def _visible(text: str) -> str:
    if (text.isascii() and text.isprintable()) or not any(_is_invisible(character) for character in text):
        if len(normalize("NFC", text)) > MAX_TEXT:
            raise ValueError
        return text
    raise ValueError


def _is_invisible(character: str) -> bool:
    return category(character) in {"Cc", "Cf", "Zl", "Zp"} or (category(character) == "Zs" and character != " ")


Id: TypeAlias = Annotated[
    str,
    Field(
        pattern=f"^{ID_PATTERN}$",
        max_length=ID_LENGTH,
        description=ID_DESCRIPTION,
    ),
]
SubjectId: TypeAlias = Annotated[
    Id, Field(description=ID_DESCRIPTION.replace("an id:", "the id in the subject of the command:"))
]
OrganizationId: TypeAlias = Annotated[
    Id, Field(description=ID_DESCRIPTION.replace("an id:", "the id of an organization:"))
]
Text: TypeAlias = Annotated[
    str,
    Field(
        min_length=1,
        max_length=255,
        description="a string of 1 to 255 characters without NUL",
        json_schema_extra=_NO_NUL,
    ),
]
OptionalText: TypeAlias = Annotated[
    Annotated[str, Field(max_length=MAX_TEXT, json_schema_extra=_NO_NUL)] | None,
    Field(description="a string of at most 255 characters without NUL, or null"),
]
OptionalName: TypeAlias = Annotated[
    Text | None, Field(description="a string of 1 to 255 characters without NUL, or null")
]
Username: TypeAlias = Annotated[
    Annotated[Text, AfterValidator(_visible), Field(json_schema_extra={"pattern": f"^[^{INVISIBLE}]*$"})] | None,
    Field(
        description="a string of 1 to 255 characters without control and format characters, with U+0020 as the only"
        " space, or null"
    ),
]
Code: TypeAlias = Annotated[
    str,
    Field(
        pattern="^[A-Za-z0-9][A-Za-z0-9._/-]*$",
        max_length=255,
        description="1 to 255 letters, digits and . _ / -, starting with a letter or digit, such as 301-008579",
    ),
]
TrueFlag: TypeAlias = Annotated[bool | None, Field(description="true or false, or null for true")]
FalseFlag: TypeAlias = Annotated[bool | None, Field(description="true or false, or null for false")]
ExternalFlag: TypeAlias = Annotated[
    bool | None,
    Field(
        description="true or false, or null for the default: false in the organization of an insurer, otherwise true"
    ),
]
Date: TypeAlias = Annotated[
    Annotated[
        str,
        Field(pattern=f"^{CALENDAR_DATE}$", json_schema_extra={"format": "date"}),
    ]
    | None,
    Field(description="a calendar date in the format YYYY-MM-DD, or null"),
]
Status: TypeAlias = Annotated[
    ProducerStatusCode,
    Field(description=f"{', '.join(PRODUCER_STATUSES[:-1])} or {PRODUCER_STATUSES[-1]}"),
]
GroupIdList: TypeAlias = Annotated[
    Annotated[list[Id], Field(max_length=MAX_ITEMS)] | None,
    Field(description='a list of at most 10000 ids of groups such as ["pc:17"], or null for an empty list'),
]
TextList: TypeAlias = Annotated[
    Annotated[list[Text], Field(max_length=MAX_ITEMS)] | None,
    Field(description="a list of at most 10000 strings, or null for an empty list"),
]


@with_config(STRICT)
class Identified(TypedDict):
    """A reference by id."""

    id: Id


Reference: TypeAlias = Annotated[Identified, Field(description='an object with an id, such as {"id": "pc:4"}')]


# The same rule as in status_agrees, for the schema.
_NAME_IS_CODE: Final[dict[str, Any]] = {
    "dependentSchemas": {
        "name": {"anyOf": [{"properties": {"code": {"const": s}, "name": {"const": s}}} for s in PRODUCER_STATUSES]}
    }
}


@with_config(ConfigDict(**STRICT, json_schema_extra=_NAME_IS_CODE))
class ProducerStatus(TypedDict):
    """A producer status; the optional name must be equal to the code."""

    code: Status
    name: NotRequired[Status]


OptionalStatus: TypeAlias = Annotated[
    ProducerStatus | None, Field(description='a status, such as {"code": "Active"}, or null for Active')
]


def ids_of(references: list[Identified]) -> tuple[str, ...]:
    """Return the ids of the references, in the same order."""
    return tuple([reference["id"] for reference in references])


def status_of(status: ProducerStatus | None) -> str:
    """Return the code of a status; the default is Active."""
    return "Active" if status is None else status["code"]


def status_agrees(data: dict[str, Any], _subject: str) -> list[Problem]:
    """Return a problem for a status whose name differs from its code."""
    status = data.get("producerStatus")
    if not isinstance(status, dict) or "name" not in status or status["name"] == status.get("code"):
        return []
    return [Problem("invalid", "producerStatus.name must be the same as producerStatus.code.", "/producerStatus/name")]
