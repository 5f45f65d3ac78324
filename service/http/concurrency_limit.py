"""Slots for requests in progress. While others wait, a caller gets no more than its share of them."""

import asyncio

from service.http.problem import HttpProblem, unavailable


class ConcurrencyLimit:
    """At most `slots` requests in progress; at most `waiting` other requests wait for a slot.

    A slot that becomes free goes to the waiting caller with the fewest requests in progress, and between equals to the
    one that has waited longest. So alone, a caller may use all slots. While others wait, it gets no further slot before
    they have as many as it has: with 64 slots and eight callers, 8 each.
    """

    def __init__(self, slots: int, waiting: int) -> None:
        self.waiting = 0
        """Number of requests that wait."""
        self._free = self._slots = slots
        self._most_waiting = waiting
        self._arrivals = 0
        # The number of each caller's requests in progress, and its waiting requests in order of arrival.
        self._in_progress: dict[str, int] = {}
        self._queues: dict[str, dict[int, asyncio.Future[bool]]] = {}

    @property
    def in_progress(self) -> int:
        """Number of requests that have a slot."""
        return self._slots - self._free

    def slot(self, subject: str) -> "_Slot":
        """Return a context in which a request of this caller has a slot; entering it waits for the slot.

        Raises HttpProblem (503) when too many requests wait. The last waiting request of the caller with the most
        waiting ones is refused. It may be another request than the new one.
        """
        return _Slot(self, subject)

    def try_take(self, subject: str) -> bool:
        """Take a slot if one is free."""
        if not self._free:
            return False
        self._free -= 1
        self._in_progress[subject] = self._in_progress.get(subject, 0) + 1
        return True

    async def wait(self, subject: str) -> None:
        """Wait until a slot is given to this caller."""
        if self.waiting >= self._most_waiting:
            self._refuse_one(subject)
        self._arrivals = arrival = self._arrivals + 1
        decision: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(subject, {})[arrival] = decision
        self.waiting += 1
        try:
            granted = await decision
        except asyncio.CancelledError:
            if arrival in self._queues.get(subject, ()):
                self._decide(subject, arrival, granted=False)
            elif not decision.cancelled() and decision.result():
                # The slot was given in the moment of the cancellation.
                self.release(subject)
            raise
        if not granted:
            raise _refused()

    def release(self, subject: str) -> None:
        """Free a slot of this caller, and give it to the next request."""
        self._in_progress[subject] -= 1
        if not self._in_progress[subject]:
            del self._in_progress[subject]
        self._free += 1
        while self._queues:
            subject = min(self._queues, key=self._turn)
            if self._decide(subject, next(iter(self._queues[subject])), granted=True):
                self.try_take(subject)
                return

    def _turn(self, subject: str) -> tuple[int, int]:
        return self._in_progress.get(subject, 0), next(iter(self._queues[subject]))

    def _refuse_one(self, subject: str) -> None:
        """Refuse a waiting request; raise HttpProblem if the one to refuse is a new one of this caller."""
        most = max(self._queues, key=lambda one: len(self._queues[one]), default=subject)
        if len(self._queues.get(most, ())) <= len(self._queues.get(subject, ())) + 1:
            raise _refused()
        self._decide(most, next(reversed(self._queues[most])), granted=False)

    def _decide(self, subject: str, arrival: int, *, granted: bool) -> bool:
        """Remove a waiting request and tell it whether it has a slot; return False if it was cancelled before."""
        queue = self._queues[subject]
        decision = queue.pop(arrival)
        if not queue:
            del self._queues[subject]
        self.waiting -= 1
        if decision.done():
            return False
        decision.set_result(granted)
        return True


class _Slot:
    """A slot that one request takes and releases."""

    __slots__ = ("_limit", "_subject")

    def __init__(self, limit: ConcurrencyLimit, subject: str) -> None:
        self._limit = limit
        self._subject = subject

    async def __aenter__(self) -> None:
        if not self._limit.try_take(self._subject):
            await self._limit.wait(self._subject)

    async def __aexit__(self, *_: object) -> None:
        self._limit.release(self._subject)


def _refused() -> HttpProblem:
    return unavailable("Too many concurrent requests.")
