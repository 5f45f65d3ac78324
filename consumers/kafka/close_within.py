"""Close a Kafka client within a time limit, even when it does not return.

A time-out by cancellation is not enough: while it closes, the client library swallows the cancellation and goes on
waiting for an answer from a broker that is gone. The caller would then wait without a limit.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

from service.telemetry import log

_log = log(__name__)

_closing: set[asyncio.Task[Any]] = set()


async def close_within(shutdown: Coroutine[Any, Any, Any], seconds: float) -> bool:
    """Wait at most this many seconds for a client to close, then stop waiting. Return whether it closed.

    An error of the client is logged.
    """
    task = asyncio.create_task(shutdown)
    _closing.add(task)
    task.add_done_callback(_ended)
    try:
        await asyncio.wait((task,), timeout=seconds)
    finally:
        # The result of the cancellation is not awaited.
        task.cancel()
    return task.done()


def _ended(task: asyncio.Task[Any]) -> None:
    _closing.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.info("client_close_failed", error=repr(error))
