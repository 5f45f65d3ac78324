"""Work that goes on while the database is at its own."""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def run_concurrently(statements: Coroutine[Any, Any, None], work: Coroutine[Any, Any, None]) -> None:
    """Do both at the same time and leave neither behind; when one fails, the other is given up and its error raised.

    One that was cancelled by somebody else has failed, too: returning means that both were done to their end.
    """
    tasks = asyncio.create_task(statements), asyncio.create_task(work)
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in sorted(done, key=tasks.index):
        task.result()
