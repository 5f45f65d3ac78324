"""Call a function that blocks in a thread of its own, for a limited time."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, Generic, TypeVar

from service.http.key_source import KeySourceTimeout

THREAD_NAME: Final = "token keys"

T = TypeVar("T")


class KeyFetch(Generic[T]):
    """Calls `work` in a thread: one at a time, and nobody waits for longer than `seconds`.

    The threads of the event loop's executor are not used: others wait for them, and the process ends only after them.
    """

    def __init__(self, work: Callable[[], T], seconds: float) -> None:
        self._work = work
        self._seconds = seconds
        self._last: Future[T] | None = None

    async def result(self) -> T:
        """Return the result of a new call.

        Raises KeySourceTimeout after `seconds`, TimeoutError if an earlier call has not ended, and what `work` raises.
        """
        if self._last is not None and not self._last.done():
            raise TimeoutError("an earlier attempt has not ended")
        future = self._last = Future()
        future.set_running_or_notify_cancel()
        threading.Thread(target=self._run, args=(future,), name=THREAD_NAME, daemon=True).start()
        waiting = asyncio.wrap_future(future)
        try:
            await asyncio.wait((waiting,), timeout=self._seconds)
            if not waiting.done():
                raise KeySourceTimeout(self._seconds)
            return waiting.result()
        finally:
            # A thread that ends later must not look for the event loop, which may be closed.
            waiting.cancel()

    def _run(self, future: Future[T]) -> None:
        try:
            result = self._work()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(result)
