"""A pace for work that many requests may begin at the same time."""

import asyncio
from collections import deque


class Pace:
    """Lets `count` tasks go on in each interval of so many seconds; the others wait, and the first one goes on first.

    A hundred requests that arrive together, or wait for the same event, would otherwise make one long turn of the event
    loop. A flood of them would keep it busy, and every step of other requests would wait for a turn.
    """

    def __init__(self, count: int, seconds: float) -> None:
        self._count = count
        self._seconds = seconds
        self._left = count
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    async def turn(self) -> None:
        """Return at once if fewer tasks have gone on in this interval, otherwise in a later one."""
        if self._timer is None:
            self._begin()
        if self._left and not self._waiting:
            self._left -= 1
            return
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        await future

    def _begin(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._next)

    def _next(self) -> None:
        self._timer = None
        self._left = self._count
        while self._waiting and self._left:
            future = self._waiting.popleft()
            # The task may have been cancelled.
            if not future.done():
                future.set_result(None)
                self._left -= 1
        if self._left < self._count:
            self._begin()
