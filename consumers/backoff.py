"""Exponential back-off with jitter."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Backoff:
    """Waits in seconds: each is twice the one before, from `first` up to `most`, minus a random part of up to a half.

    `chance` returns random numbers from 0 to 1.
    """

    first: float = 0.1
    most: float = 10.0
    chance: Callable[[], float] = random.random
    _turns: int = 0

    def next(self) -> float:
        """Return the seconds to wait before the next attempt."""
        wait = min(self.most, self.first * 2.0 ** min(self._turns, 32))
        self._turns += 1
        return wait * (0.5 + self.chance() / 2)

    def reset(self) -> None:
        """Start again with the shortest wait, after an attempt succeeded."""
        self._turns = 0


async def pause(seconds: float, stop: asyncio.Event) -> None:
    """Wait for this many seconds, or until `stop` is set."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
