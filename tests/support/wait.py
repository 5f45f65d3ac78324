"""Wait for a condition, with a deadline instead of a fixed time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any, TypeVar, overload

SHORTEST_PAUSE, LONGEST_PAUSE = 0.02, 0.1
"""Seconds between two looks at a condition: more in a long wait, so that it takes less CPU time."""

T = TypeVar("T")


def pause_after(seconds: float) -> float:
    """Return how long to wait before the next look, when the wait has taken this many seconds."""
    return min(max(SHORTEST_PAUSE, seconds / 10), LONGEST_PAUSE)


@overload
async def eventually(condition: Callable[[], Awaitable[T]], *, deadline: float = 30.0, what: str = ...) -> T: ...
@overload
async def eventually(condition: Callable[[], T], *, deadline: float = 30.0, what: str = ...) -> T: ...
async def eventually(condition: Callable[[], Any], *, deadline: float = 30.0, what: str = "the condition") -> Any:
    """Return the condition's first true value; an AssertionError of the condition counts as "not yet".

    `deadline` is in seconds. After it, AssertionError is raised with `what` and the last value or failure.
    """
    start = time.monotonic()
    while True:
        cause: AssertionError | None = None
        last: object = None
        try:
            result = condition()
            value = await result if isawaitable(result) else result
            if value:
                return value
            last = value
        except AssertionError as error:
            cause = error
            last = error
        seconds = time.monotonic() - start
        if seconds > deadline:
            raise AssertionError(f"{what} did not come within {deadline:g} seconds; at last: {last!r}") from cause
        await asyncio.sleep(pause_after(seconds))
