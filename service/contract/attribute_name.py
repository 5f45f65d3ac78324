"""The names of CloudEvents attributes in the contract, and names that are misspelt."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from service.contract.http_source import PUBLISHED_BY

REQUIRED: Final = ("specversion", "id", "source", "type")
READ: Final = (
    *REQUIRED, "subject", "time", "expectedversion", "correlationid", "traceparent", "tracestate", "replyto",
    "dataschema", PUBLISHED_BY,
)  # fmt: skip
"""The attributes of a command that the registry reads."""

UNREAD: Final = ("datacontenttype", "partitionkey", "causationid", "entityversion", "sequence")
"""The other attributes of the contract."""

_KNOWN: Final = frozenset({*READ, *UNREAD})
# Members of a structured event that are no attributes: without underscores, and as they are spelt.
_MEMBERS: Final = {"data": "data", "database64": "data_base64"}
_LONGEST: Final = 64


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
