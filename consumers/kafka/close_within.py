"""Ending a client of the broker within a time, whatever it does.

A time-out by cancellation is not enough: while it closes, the client library swallows a cancellation and waits on, for
a task that waits for an answer of a broker that is gone. Then everything behind it would stand still for ever.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

from service.telemetry import log

_log = log(__name__)

_left: set[asyncio.Task[Any]] = set()


async def close_within(shutdown: Coroutine[Any, Any, Any], seconds: float) -> bool:
    """Wait so long for something to end, and leave it to itself then; answers whether it ended. Its error is logged."""
    task = asyncio.create_task(shutdown)
    _left.add(task)
    task.add_done_callback(_ended)
    try:
        await asyncio.wait((task,), timeout=seconds)
    finally:
        # Without waiting for what comes of it.
        task.cancel()
    return task.done()


def _ended(task: asyncio.Task[Any]) -> None:
    _left.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.info("client_close_failed", error=repr(error))
