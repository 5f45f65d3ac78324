"""Request coalescing: requests of one kind that wait at the same time are sent together."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")

MAX_IN_FLIGHT: Final = 3
"""Limit of rounds that run at the same time, not counting late ones."""

LATE_SECONDS: Final = 2.0
"""A round that takes longer no longer counts: its connection may be broken while others still answer."""

MAX_BATCH: Final = 16
"""Limit of questions in one round."""


class RequestCoalescer(Generic[Question, Answer]):
    """Sends all waiting questions in one round; `ask` returns an answer for each question, in their order.

    A round has only questions that arrived before it began, so no answer is older than its question. A round begins at
    once, even for a single question, unless MAX_IN_FLIGHT rounds are running. It is cancelled when all requests that
    wait for it are cancelled.
    """

    def __init__(
        self, ask: Callable[[Sequence[Question]], Awaitable[Sequence[Answer]]], *, late: float = LATE_SECONDS
    ) -> None:
        self._ask = ask
        self._late = late
        self._waiting: deque[tuple[Question, asyncio.Future[Answer]]] = deque()
        self._rounds: set[asyncio.Task[None]] = set()
        self._slots: set[asyncio.Task[None]] = set()

    async def answer(self, question: Question) -> Answer:
        """Return the answer to one question; raise the error that `ask` raised for its round."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, future))
        if len(self._slots) < MAX_IN_FLIGHT:
            self._begin()
        return await future

    def _begin(self) -> None:
        loop = asyncio.get_running_loop()
        task = loop.create_task(self._round())
        # The event loop keeps only weak references to tasks.
        self._rounds.add(task)
        self._slots.add(task)
        timer = loop.call_later(self._late, self._free_slot, task)
        task.add_done_callback(lambda _: timer.cancel())
        task.add_done_callback(self._rounds.discard)
        task.add_done_callback(self._free_slot)

    def _free_slot(self, task: "asyncio.Task[None]") -> None:
        self._slots.discard(task)
        if self._waiting and len(self._slots) < MAX_IN_FLIGHT:
            self._begin()

    async def _round(self) -> None:
        """Run one round with the questions that wait when it starts, which includes all of the same loop iteration."""
        count = min(MAX_BATCH, len(self._waiting))
        taken = [self._waiting.popleft() for _ in range(count)]
        # Questions whose requests were cancelled meanwhile are left out.
        taken = [(question, future) for question, future in taken if not future.done()]
        if not taken:
            return
        self._cancel_when_abandoned([future for _, future in taken])
        try:
            answers = list(zip(taken, await self._ask([question for question, _ in taken]), strict=True))
        except asyncio.CancelledError:
            for _, future in taken:
                future.cancel()
            raise
        except Exception as error:
            for _, future in taken:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), answer in answers:
            if not future.done():
                future.set_result(answer)

    def _cancel_when_abandoned(self, futures: "list[asyncio.Future[Answer]]") -> None:
        """Cancel the running round when no request waits for it; its slot is free at once, before the round ends."""
        task = asyncio.current_task()
        waiting = len(futures)

        def one_done(_: "asyncio.Future[Answer]") -> None:
            nonlocal waiting
            waiting -= 1
            if not waiting and task is not None and task.cancel():
                self._free_slot(task)

        for future in futures:
            future.add_done_callback(one_done)
