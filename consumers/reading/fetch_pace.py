"""How long the broker collects records before it answers a fetch: not at all while commands come one at a time.

A batch has a fixed cost, so a service with much to do reads many commands at once. A service that waits for each
command should get it at once. The client library has options for that, which its fetcher reads for each request.
"""

from typing import Final, Protocol

COLLECT_BYTES: Final = 4_096
"""With much to do, the broker answers when it has this many bytes."""

COLLECT_MS: Final = 20
"""With much to do, the broker answers after this time at the latest."""

IDLE_MS: Final = 100
"""With little to do, the broker answers after this time at the latest. A rewind may wait for it."""


class Fetcher(Protocol):
    """The attributes of the client library's fetcher that are used here."""

    _fetch_min_bytes: int
    _fetch_max_wait_ms: int


def pace(fetcher: Fetcher, *, waited: bool, records: int) -> None:
    """Choose for the next fetch, after a poll that returned so many records.

    `waited` tells that no record was there when the poll began: the service had nothing to do.
    """
    idle = waited and records <= 1
    fetcher._fetch_min_bytes = 1 if idle else COLLECT_BYTES
    fetcher._fetch_max_wait_ms = IDLE_MS if idle else COLLECT_MS
