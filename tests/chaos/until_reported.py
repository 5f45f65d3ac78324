"""Running until the end, or until a signal says so."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any

SIGNALLED = 130
"""The exit code of what a signal ended."""


async def until_reported(work: Coroutine[Any, Any, int]) -> int:
    """Run, and leave nothing behind when a signal ends it; answers the exit code."""
    running = asyncio.create_task(work)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    try:
        return await running
    except asyncio.CancelledError:
        return SIGNALLED
