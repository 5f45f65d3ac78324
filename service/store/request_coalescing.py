"""Several who wait for the same kind of answer are answered together."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")

MAX_IN_FLIGHT: Final = 3
"""So many rounds are under way at the same time, apart from late ones."""

LATE_SECONDS: Final = 2.0
"""A round under way for longer holds up nobody: its connection may have gone silent, another one may answer."""

MAX_BATCH: Final = 16
"""So many questions go into one round at most."""


class RequestCoalescer(Generic[Question, Answer]):
    """Asks for all who wait at once; `ask` gives an answer for each question, in their order.

    Only who waits before a round begins takes part in it, so no answer is older than its question. Nobody waits for
    company: a lone question goes out at once. A round is cancelled when the last of its askers gave up.
    """

    def __init__(
        self, ask: Callable[[Sequence[Question]], Awaitable[Sequence[Answer]]], *, late: float = LATE_SECONDS
    ) -> None:
        self._ask = ask
        self._late = late
        self._waiting: deque[tuple[Question, asyncio.Future[Answer]]] = deque()
        self._rounds: set[asyncio.Task[None]] = set()
        self._lanes: set[asyncio.Task[None]] = set()

    async def answer(self, question: Question) -> Answer:
        """The answer to one question; raises what `ask` raised for its round."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, future))
        if len(self._lanes) < MAX_IN_FLIGHT:
            self._begin()
        return await future

    def _begin(self) -> None:
        loop = asyncio.get_running_loop()
        task = loop.create_task(self._round())
        # The loop itself holds tasks only weakly.
        self._rounds.add(task)
        self._lanes.add(task)
        timer = loop.call_later(self._late, self._leave_lane, task)
        task.add_done_callback(lambda _: timer.cancel())
        task.add_done_callback(self._rounds.discard)
        task.add_done_callback(self._leave_lane)

    def _leave_lane(self, task: "asyncio.Task[None]") -> None:
        self._lanes.discard(task)
        if self._waiting and len(self._lanes) < MAX_IN_FLIGHT:
            self._begin()

    async def _round(self) -> None:
        """One round; it takes who waits when it begins to run, which is after all who asked in the same moment."""
        count = min(MAX_BATCH, len(self._waiting))
        taken = [self._waiting.popleft() for _ in range(count)]
        # Who gave up in the meantime is not asked for.
        taken = [(question, future) for question, future in taken if not future.done()]
        if not taken:
            return
        self._end_when_unwanted([future for _, future in taken])
        try:
            answers = await self._ask([question for question, _ in taken])
        except asyncio.CancelledError:
            for _, future in taken:
                future.cancel()
            raise
        except Exception as error:
            for _, future in taken:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), answer in zip(taken, answers, strict=True):
            if not future.done():
                future.set_result(answer)

    def _end_when_unwanted(self, futures: "list[asyncio.Future[Answer]]") -> None:
        """Cancel the running round when nobody waits for it; the lane is free at once, however long its end takes."""
        task = asyncio.current_task()
        wanted = len(futures)

        def gone(_: "asyncio.Future[Answer]") -> None:
            nonlocal wanted
            wanted -= 1
            if not wanted and task is not None and task.cancel():
                self._leave_lane(task)

        for future in futures:
            future.add_done_callback(gone)
