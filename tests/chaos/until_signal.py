"""Run a coroutine until it ends or a signal arrives."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any

SIGNALLED = 130
"""The exit code after a signal."""


async def until_signal(work: Coroutine[Any, Any, int]) -> int:
    """Run, and clean up when a signal arrives. Return the exit code."""
    running = asyncio.create_task(work)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    try:
        return await running
    except asyncio.CancelledError:
        return SIGNALLED
