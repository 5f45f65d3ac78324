"""Run work in the foreground until a signal: a clean shutdown while the work waits for it, else a cancellation."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import uvloop

T = TypeVar("T")


class Stop:
    """Set by the first SIGTERM or Ctrl-C while the work waits for it. Any other signal cancels the work."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._waited_for = False
        self.cancelled = False

    async def wait(self) -> None:
        """Wait for a signal."""
        self._waited_for = True
        await self._event.wait()

    def signalled(self, work: "asyncio.Task[Any]") -> None:
        """Handle a signal."""
        if self._waited_for and not self._event.is_set():
            self._event.set()
        else:
            self.cancelled = True
            work.cancel()


def run_in_foreground(work: Callable[[Stop], Coroutine[Any, Any, T]]) -> T | None:
    """Run the work, including its cleanup. Return its result, or None if a signal cancelled it."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(work))


async def _run(work: Callable[[Stop], Coroutine[Any, Any, T]]) -> T | None:
    stop = Stop()
    task = asyncio.ensure_future(work(stop))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.signalled, task)
    try:
        return await task
    except asyncio.CancelledError:
        if not stop.cancelled:
            raise
        return None
