"""Wait for a condition, with a deadline instead of a fixed time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any, TypeVar, overload

POLL_SECONDS = 0.02


T = TypeVar("T")


@overload
async def eventually(condition: Callable[[], Awaitable[T]], *, deadline: float = 30.0, what: str = ...) -> T: ...
@overload
async def eventually(condition: Callable[[], T], *, deadline: float = 30.0, what: str = ...) -> T: ...
async def eventually(condition: Callable[[], Any], *, deadline: float = 30.0, what: str = "the condition") -> Any:
    """Return the condition's first true value; an AssertionError of the condition counts as "not yet".

    `deadline` is in seconds. After it, AssertionError is raised with `what` and the last value or failure.
    """
    end = time.monotonic() + deadline
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
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come within {deadline:g} seconds; at last: {last!r}") from cause
        await asyncio.sleep(POLL_SECONDS)
