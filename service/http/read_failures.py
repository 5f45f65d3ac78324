"""Failed reads of the API: a warning with the database's text, and a part of readiness until the same read succeeds."""

import asyncio
import time
from collections.abc import Callable
from typing import Final, Protocol

from service.log_limit import LogLimit
from service.store.errors import StatementTimeout, StoreError, StoreUnavailable
from service.store.pool import Read
from service.telemetry import log

PART: Final = "api"
"""The part that is not ready while a read fails."""

PROBE_SECONDS: Final = 2.0
MOST_READS: Final = 16
"""Limit of different statements that are remembered as failed."""

_log = log(__name__)


class PartHealth(Protocol):
    """The methods of the process's health that are used here."""

    def mark_ready(self, part: str) -> None:
        """Record that this part is ready."""

    def mark_not_ready(self, part: str, reason: str) -> None:
        """Record that this part is not ready, with the reason for operators."""


class ReadFailures:
    """Reads that failed because the database was not available. Each is repeated until it succeeds.

    Other reads that succeed say nothing about it: they may read other tables, or use a connection that was open before.
    """

    def __init__(self, health: PartHealth, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._health = health
        # While the database is unavailable, every request fails.
        self._log_limit = LogLimit(monotonic=monotonic)
        self._reads: dict[str, Read] = {}
        self._failed = asyncio.Event()

    def record(self, error: StoreError) -> None:
        """Record an error of a read. The log line has the id of the current request."""
        if self._log_limit.allows():
            _log.warning("read_failed", error=str(error))
        # A read that takes too long does so because of what it asks for, or because the server is busy. The callers of
        # this process would be no better off with another one.
        if not isinstance(error, StoreUnavailable) or isinstance(error, StatementTimeout) or error.read is None:
            return
        if len(self._reads) < MOST_READS:
            self._reads.setdefault(error.read.query, error.read)
        self._health.mark_not_ready(PART, str(error))
        self._failed.set()

    async def probe(self) -> None:
        """Repeat failed reads until cancelled."""
        self._health.mark_ready(PART)
        while True:
            await self._failed.wait()
            await asyncio.sleep(PROBE_SECONDS)
            await self.repeat()

    async def repeat(self) -> None:
        """Repeat each failed read once. The part is ready when all succeed."""
        for query, read in list(self._reads.items()):
            try:
                await read.repeat()
            except StoreError as error:
                self._health.mark_not_ready(PART, str(error))
                return
            del self._reads[query]
        if not self._reads:
            self._failed.clear()
            self._health.mark_ready(PART)
