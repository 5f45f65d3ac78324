"""The housekeeping loop of a process that decides commands."""

import asyncio
import random
from collections.abc import Awaitable, Callable

from service import clock
from service.settings import Settings
from service.store.errors import StoreError
from service.store.maintenance import Swept, sweep
from service.telemetry import INBOX_ROWS, PRUNED, SWEPT_AT, log

EVERY_SECONDS = 6 * 3600.0
FIRST_SECONDS = 600.0
"""The first sweep starts within this time, at a random moment, so that processes started together do not coincide."""

_log = log(__name__)


async def housekeep(
    settings: Settings,
    sweep: Callable[[Settings], Awaitable[Swept | None]] = sweep,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Sweep the inbox periodically. Errors of the database are logged, and the next sweep tries again."""
    await sleep(FIRST_SECONDS * random.random())  # noqa: S311  # not security-relevant
    while True:
        try:
            swept = await sweep(settings)
        except StoreError as error:
            _log.warning("housekeeping_postponed", error=str(error))
        else:
            if swept is not None:
                PRUNED.inc(swept.forgotten)
                INBOX_ROWS.set(swept.remembered)
                SWEPT_AT.set(clock.now().timestamp())
                _log.info("inbox_pruned", forgotten=swept.forgotten, remembered=swept.remembered)
        await sleep(EVERY_SECONDS)
