"""Several who wait for the same kind of answer are answered together."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")

LANES: Final = 3
"""So many rounds are under way at the same time."""

MOST: Final = 16
"""So many questions go into one round at most."""


class Gathering(Generic[Question, Answer]):
    """Asks for all who wait at once; `ask` gives an answer for each question, in their order.

    Only who waits before a round begins takes part in it, so no answer is older than its question. Nobody waits for
    company: a lone question goes out at once.
    """

    def __init__(self, ask: Callable[[Sequence[Question]], Awaitable[Sequence[Answer]]]) -> None:
        self._ask = ask
        self._waiting: deque[tuple[Question, asyncio.Future[Answer]]] = deque()
        self._rounds: set[asyncio.Task[None]] = set()

    async def answer(self, question: Question) -> Answer:
        """The answer to one question; raises what `ask` raised for its round."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, future))
        if len(self._rounds) < LANES:
            self._begin()
        return await future

    def _begin(self) -> None:
        task = asyncio.get_running_loop().create_task(self._round())
        self._rounds.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._rounds.discard(task)
        if self._waiting and len(self._rounds) < LANES:
            self._begin()

    async def _round(self) -> None:
        """One round; it takes who waits when it begins to run, which is after all who asked in the same moment."""
        count = min(MOST, len(self._waiting))
        taken = [self._waiting.popleft() for _ in range(count)]
        # Who gave up in the meantime is not asked for.
        taken = [(question, future) for question, future in taken if not future.done()]
        if not taken:
            return
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
