"""Run work of the process while the database executes statements."""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def run_concurrently(statements: Coroutine[Any, Any, None], work: Coroutine[Any, Any, None]) -> None:
    """Run both at the same time; when one fails, cancel the other, wait for it and raise the error of the first.

    A coroutine that was cancelled from elsewhere counts as failed: a return means that both are complete.
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
