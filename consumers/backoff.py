"""Waits that grow while trouble lasts."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Backoff:
    """Seconds to wait: doubled from `first` up to `most` at every turn, each shortened by chance down to its half.

    `chance` gives numbers from 0 to 1.
    """

    first: float = 0.1
    most: float = 10.0
    chance: Callable[[], float] = random.random
    _turns: int = 0

    def next(self) -> float:
        """The seconds to wait this time."""
        wait = min(self.most, self.first * 2.0 ** min(self._turns, 32))
        self._turns += 1
        return wait * (0.5 + self.chance() / 2)

    def reset(self) -> None:
        """The trouble is over."""
        self._turns = 0


async def pause(seconds: float, stop: asyncio.Event) -> None:
    """Wait so long, or until the stop is called."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
