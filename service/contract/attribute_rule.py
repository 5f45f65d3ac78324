"""The rules of the attributes of commands. The registry checks each one with the same pattern that documents show.

Patterns mean the same in ECMA-262, Python and Java, and describe the whole text. Lengths are in characters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from service.contract.field import CALENDAR_DATE, ID_DESCRIPTION, ID_LENGTH, ID_PATTERN

MAX_ID: Final = 128
"""Characters of the id of a command."""

# Source and topic form an index entry, which PostgreSQL limits to about 2,700 bytes; so do the columns of an identity.
MAX_SOURCE_BYTES: Final = 1024
"""Bytes of the source of a command. They are characters, too, because a URI consists of ASCII."""

MAX_VERSION: Final = 2**31 - 1
"""The largest version of an object."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The valid values of an attribute; `description` completes "<name> must be …"."""

    description: str
    pattern: str
    max_length: int | None = None
    min_length: int = 0
    format: str | None = None
    _expression: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_expression", re.compile(self.pattern))

    def accepts(self, text: str) -> bool:
        """Return whether a text is a valid value."""
        if len(text) < self.min_length or (self.max_length is not None and len(text) > self.max_length):
            return False
        return self._expression.fullmatch(text) is not None

    def schema(self) -> dict[str, Any]:
        """Return the rule as a JSON Schema."""
        optional = {"minLength": self.min_length or None, "maxLength": self.max_length, "format": self.format}
        given = {keyword: value for keyword, value in optional.items() if value is not None}
        return {"type": "string", "description": self.description, **given, "pattern": f"^(?:{self.pattern})$"}


def _characters(further: str) -> str:
    """Return the pattern of a part of a URI: unreserved characters, sub-delimiters, further ones and escapes."""
    # The loop is unrolled, so that a search takes linear time.
    plain = f"[A-Za-z0-9._~!$&'()*+,;={further}-]*"
    return f"{plain}(?:%[0-9A-Fa-f]{{2}}{plain})*"


def _first(further: str) -> str:
    return f"(?:[A-Za-z0-9._~!$&'()*+,;={further}-]|%[0-9A-Fa-f]{{2}})"


# The grammar of RFC 3986, appendix A. Within the brackets of a host, only the characters are checked.
_SEGMENTS: Final = _characters(":@/")
_AUTHORITY: Final = (
    f"(?:{_characters(':')}@)?(?:\\[[A-Za-z0-9._~!$&'()*+,;=:-]+\\]|{_characters('')})(?::[0-9]*)?(?:/{_SEGMENTS})?"
)
_ABSOLUTE_PATH: Final = f"/(?:{_first(':@')}{_SEGMENTS})?"
_URI: Final = f"[A-Za-z][A-Za-z0-9+.-]*:(?://{_AUTHORITY}|{_ABSOLUTE_PATH}|{_first(':@')}{_SEGMENTS})?"
_RELATIVE: Final = f"(?://{_AUTHORITY}|{_ABSOLUTE_PATH}|{_first('@')}{_characters('@')}(?:/{_SEGMENTS})?)?"
_QUERY: Final = f"(?:\\?{_characters(':@/?')})?"
_FRAGMENT: Final = f"(?:#{_characters(':@/?')})?"

_TIME: Final = (
    f"{CALENDAR_DATE}[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\\.[0-9]+)?"
    "(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)


def _at_most(largest: str) -> str:
    """Return the pattern of the whole numbers up to one, with as many digits or fewer."""
    if len(largest) == 1:
        return f"[0-{largest}]"
    first, rest = largest[0], largest[1:]
    less = "" if first == "0" else f"[0-{int(first) - 1}]?[0-9]{{1,{len(rest)}}}|"
    return f"(?:{less}{first}{_at_most(rest)})"


RULES: Final = {
    "id": Rule(f"a string of 1 to {MAX_ID} characters without NUL", "[^\\u0000]*", MAX_ID, min_length=1),
    "source": Rule(
        "a URI reference of RFC 3986, such as /agency-management: without spaces, and with other characters as escapes",
        f"(?:{_URI}|{_RELATIVE}){_QUERY}{_FRAGMENT}",
        MAX_SOURCE_BYTES,
        min_length=1,
        format="uri-reference",
    ),
    "subject": Rule(ID_DESCRIPTION, ID_PATTERN, ID_LENGTH),
    "time": Rule("a time of RFC 3339, such as 2026-11-29T10:00:00Z", _TIME, format="date-time"),
    "expectedversion": Rule(f"a whole number from 0 to {MAX_VERSION}", _at_most(str(MAX_VERSION)), 10),
    "correlationid": Rule("a string of at most 256 characters without NUL", "[^\\u0000]*", 256),
    "replyto": Rule("one of the configured reply topics", "[A-Za-z0-9._-]+", 249),
    "dataschema": Rule(
        "an absolute URI of RFC 3986, such as urn:producer-registry:schema:user.create:v1:0123456789ab",
        f"{_URI}{_QUERY}",
        format="uri",
    ),
}
"""The attributes that the registry checks, by name. `replyto` must also be one of the configured topics."""
