"""Housekeeping: remove old command ids from the inbox, and senders without any, in steps that delay little else."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from service.settings import Settings
from service.store.errors import translated_in
from service.store.lock import BEGIN_ALONE, TRY_HOUSEKEEPING
from service.store.pool import BY_KEY, Connection, connect
from service.store.session import HOLDING_LOCKS
from service.store.statement import statement

PAGES = 1_000
"""Pages of the table that one statement reads: 8 MB, about ten thousand ids."""

REST_SECONDS = 0.05
"""Pause between two statements, so that a sweep takes only a small part of the disk's time."""

SENDERS = 1_000
"""Senders that one statement looks at."""

_PRUNE = statement("inbox_prune")
_SIZE = statement("inbox_size")
_UNUSED_SENDERS = statement("inbox_sender_unused")
_PRUNE_SENDERS = statement("inbox_sender_prune")


@dataclass(frozen=True, slots=True)
class Swept:
    """The result of a sweep: ids that were removed, and the approximate number of remembered ids."""

    forgotten: int
    remembered: int


async def sweep(settings: Settings, rest_seconds: float = REST_SECONDS) -> Swept | None:
    """Remove the ids of commands that were decided longer than `inbox_retention_days` ago, by the database's clock.

    Returns None when another process is sweeping. Each step is a separate transaction. Raises StoreUnavailable.
    """
    connection = await connect(settings, "housekeeping", {**BY_KEY, **HOLDING_LOCKS})
    try:
        async with translated_in(connection):
            if not await connection.fetchval(TRY_HOUSEKEEPING):
                return None
            return await _sweep(connection, settings.inbox_retention_days, rest_seconds)
    finally:
        connection.terminate()


async def _sweep(connection: Connection, days: int, rest_seconds: float) -> Swept:
    [size] = await connection.fetch(_SIZE, days)
    since: datetime = size["since"]
    forgotten = 0
    for page in range(0, size["pages"], PAGES):
        done = await connection.execute(_PRUNE, since, page, page + PAGES)
        forgotten += int(done.rpartition(" ")[2])
        await asyncio.sleep(rest_seconds)
    await _sweep_senders(connection, rest_seconds)
    return Swept(forgotten, max(0, size["rows"] - forgotten))


async def _sweep_senders(connection: Connection, rest_seconds: float) -> None:
    last = 0
    while True:
        [found] = await connection.fetch(_UNUSED_SENDERS, last, SENDERS)
        if found["last"] is None:
            return
        if found["unused"]:
            # A batch may use the numbers that it has read until its end, so no batch runs meanwhile.
            await connection.execute(BEGIN_ALONE)
            await connection.execute(_PRUNE_SENDERS, found["unused"])
            await connection.execute("COMMIT")
        last = found["last"]
        await asyncio.sleep(rest_seconds)
