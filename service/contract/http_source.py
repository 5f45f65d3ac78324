"""The source of commands that the HTTP API publishes: `/http/` and its caller. Other senders must not use it."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from service.contract.catalogue import SOURCE

HTTP_SOURCE: Final = "/http/"
"""The beginning of every such source."""

PUBLISHED_BY: Final = "publishedby"
"""The attribute of the API's own commands."""

API: Final = SOURCE
"""The value of this attribute."""


def http_source(subject: str) -> str:
    """Return the source of a caller's commands; no two subjects have the same one."""
    return HTTP_SOURCE + quote(subject, safe="")


def is_reserved(source: str, published_by: str | None) -> bool:
    """Return whether a command has a source of the API, but was not published by it."""
    return source.startswith(HTTP_SOURCE) and published_by != API
