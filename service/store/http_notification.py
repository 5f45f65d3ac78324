"""The notification of API processes: a batch has decided commands for whose outcomes HTTP requests may wait.

Commits of transactions with a notification are serialised by PostgreSQL, so only such batches send one. It is sent
with the commit and takes no round trip.
"""

from collections.abc import Iterable
from typing import Final

from service.contract.envelope import Parsed, Received
from service.contract.http_source import HTTP_SOURCE

CHANNEL: Final = "producer_registry_http"
"""The channel of the notifications, which have no payload."""

COMMIT: Final = "COMMIT"
COMMIT_AND_NOTIFY: Final = f"NOTIFY {CHANNEL}; {COMMIT}"

_SOURCE_HEADER: Final = "ce_source"
_SOURCE_BYTES: Final = HTTP_SOURCE.encode()


def commit_of(records: Iterable[Parsed]) -> str:
    """Return the statement that commits a batch with these records."""
    return COMMIT_AND_NOTIFY if any(map(_is_from_http, records)) else COMMIT


def _is_from_http(parsed: Parsed) -> bool:
    if isinstance(parsed, Received):
        return parsed.command.source.startswith(HTTP_SOURCE)
    # A command that became a dead letter; the API writes the binary mode.
    return any(
        name == _SOURCE_HEADER and value and value.startswith(_SOURCE_BYTES) for name, value in parsed.record.headers
    )
