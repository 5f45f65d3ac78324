"""The names of CloudEvents attributes in the contract, names that are misspelt, and the format of `time`."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Final

from service.contract.http_source import PUBLISHED_BY

REQUIRED: Final = ("specversion", "id", "source", "type")
READ: Final = (
    *REQUIRED, "subject", "time", "expectedversion", "correlationid", "traceparent", "tracestate", "replyto",
    PUBLISHED_BY,
)  # fmt: skip
"""The attributes of a command that the registry reads."""

UNREAD: Final = ("datacontenttype", "dataschema", "partitionkey", "causationid", "entityversion", "sequence")
"""The other attributes of the contract."""

_KNOWN: Final = frozenset({*READ, *UNREAD})
# Members of a structured event that are no attributes: without underscores, and as they are spelt.
_MEMBERS: Final = {"data": "data", "database64": "data_base64"}
_LONGEST: Final = 64
_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)


def misspelt(name: str, *, member: bool = False) -> str | None:
    """Return the known name that equals a name except for case and underscores; None if it is right or foreign.

    `member` is true for the members of a structured event, where the data is one of them.
    """
    return _misspelt(name, member) if len(name) <= _LONGEST else None


@lru_cache(maxsize=1024)
def _misspelt(name: str, member: bool) -> str | None:
    plain = name.lower().replace("_", "")
    meant = plain if plain in _KNOWN else _MEMBERS.get(plain) if member else None
    return None if meant == name else meant


def is_time(text: str) -> bool:
    """Return whether a text is a time of RFC 3339, such as 2026-11-29T10:00:00Z; a second may be 60."""
    found = _TIME.fullmatch(text)
    try:
        return found is not None and bool(date.fromisoformat(found[1]))
    except ValueError:
        return False
