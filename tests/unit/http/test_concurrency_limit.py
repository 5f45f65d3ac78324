"""Slots of concurrent requests: never too many, none lost, and a fair share for each caller while others wait."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.http.concurrency_limit import ConcurrencyLimit
from service.http.problem import HttpProblem

SLOTS, WAITING = 2, 3
CALLERS = ("ann", "ben", "eve")
BEGIN = st.tuples(st.just("begin"), st.sampled_from(range(len(CALLERS))))
"""A new request of a caller."""

END = st.tuples(st.sampled_from(["end", "cancel"]), st.integers(0, 20))
"""The end or the cancellation of one of the requests."""

TURN = st.just(("turn", 0))
"""One iteration of the event loop."""


@dataclass(eq=False)
class Request:
    """A request that holds its slot until it is told to end."""

    subject: str
    end: asyncio.Event = field(default_factory=asyncio.Event)
    has_slot: bool = False

    async def run(self, limit: ConcurrencyLimit) -> None:
        async with limit.slot(self.subject):
            self.has_slot = True
            try:
                await self.end.wait()
            finally:
                self.has_slot = False


class Requests:
    """Requests on a limit, in the order of their arrival."""

    def __init__(self, slots: int = SLOTS, waiting: int = WAITING) -> None:
        self.limit = ConcurrencyLimit(slots, waiting)
        self.tasks: dict[Request, asyncio.Task[None]] = {}

    def begin(self, subject: str) -> Request:
        """Start a request."""
        request = Request(subject)
        self.tasks[request] = asyncio.create_task(request.run(self.limit))
        return request

    def running(self) -> list[Request]:
        """Return the requests that have a slot."""
        return [request for request in self.tasks if request.has_slot]

    def waiting(self) -> list[Request]:
        """Return the requests that have neither a slot nor an end."""
        return [request for request, task in self.tasks.items() if not request.has_slot and not task.done()]

    def refused(self) -> list[Request]:
        """Return the requests that were refused."""
        ended = [(request, task) for request, task in self.tasks.items() if task.done() and not task.cancelled()]
        return [request for request, task in ended if isinstance(task.exception(), HttpProblem)]

    async def settle(self) -> None:
        """Let the event loop run until nothing changes."""
        for _ in range(10):
            await asyncio.sleep(0)

    async def close(self) -> None:
        """End all requests."""
        for task in self.tasks.values():
            task.cancel()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)


def _next_of(waiting: Sequence[Request], running: Sequence[Request]) -> Request | None:
    """Return the waiting request whose turn it is, by the definition: the first one of a caller with the fewest."""
    counts = Counter(request.subject for request in running)
    return min(waiting, key=lambda request: counts[request.subject], default=None)


@given(st.lists(BEGIN | BEGIN | END | END | TURN | TURN, min_size=12, max_size=60))
async def test_no_slot_is_lost_and_no_request_is_forgotten(steps: list[tuple[str, int]]) -> None:
    requests = Requests()
    for step, number in steps:
        known = list(requests.tasks)
        if step == "begin":
            requests.begin(CALLERS[number])
        elif step == "turn":
            await asyncio.sleep(0)
        elif known and step == "end":
            known[number % len(known)].end.set()
        elif known:
            requests.tasks[known[number % len(known)]].cancel()
        assert len(requests.running()) <= SLOTS
        assert requests.limit.in_progress <= SLOTS
        assert requests.limit.waiting <= WAITING
    await requests.settle()
    assert requests.limit.in_progress == len(requests.running())
    assert requests.limit.waiting == len(requests.waiting())
    assert not requests.waiting() or len(requests.running()) == SLOTS
    await requests.close()
    assert (requests.limit.in_progress, requests.limit.waiting) == (0, 0)


@given(st.lists(BEGIN | BEGIN | END, min_size=12, max_size=60))
async def test_a_free_slot_goes_to_the_caller_with_the_fewest_and_the_most_waiting_caller_is_refused(
    steps: list[tuple[str, int]],
) -> None:
    requests = Requests()
    for step, number in steps:
        running, waiting = requests.running(), requests.waiting()
        refused = requests.refused()
        if step == "begin":
            request = requests.begin(CALLERS[number])
            await requests.settle()
            if len(running) < SLOTS:
                assert request.has_slot
            elif len(waiting) < WAITING:
                assert requests.refused() == refused
            else:
                counts = Counter(one.subject for one in [*waiting, request])
                [chosen] = set(requests.refused()) - set(refused)
                assert counts[chosen.subject] == max(counts.values())
                assert chosen is [one for one in [*waiting, request] if one.subject == chosen.subject][-1]
                assert chosen is request or counts[request.subject] < counts[chosen.subject]
            assert set(running) <= set(requests.running())
        elif running and step == "end":
            ended = running.pop(number % len(running))
            expected = _next_of(waiting, running)
            ended.end.set()
            await requests.settle()
            assert requests.running() == [one for one in requests.tasks if one in running or one is expected]
        elif waiting and step == "cancel":
            requests.tasks[waiting[number % len(waiting)]].cancel()
            await requests.settle()
            assert requests.running() == running
    await requests.close()


async def test_a_slot_that_was_given_in_the_moment_of_a_cancellation_is_not_lost() -> None:
    requests = Requests(slots=1)
    first, second, third = (requests.begin(name) for name in CALLERS)
    await requests.settle()
    first.end.set()
    await asyncio.sleep(0)
    assert requests.limit.waiting == 1, "the second request has the slot and has not run since"
    requests.tasks[second].cancel()
    await requests.settle()
    assert requests.running() == [third]
    await requests.close()


async def test_alone_a_caller_uses_all_slots_and_no_more_than_its_share_while_others_wait() -> None:
    requests = Requests(slots=64, waiting=256)
    many = [requests.begin("many") for _ in range(300)]
    await requests.settle()
    assert len(requests.running()) == 64
    others = [requests.begin(f"other {number % 7}") for number in range(56)]
    await requests.settle()
    # Each caller can have 8 of 64 slots: "many" gets none before the seven others have 8 each.
    for request in many[:56]:
        request.end.set()
    await requests.settle()
    assert all(request.has_slot for request in others)
    assert sum(request.has_slot for request in many) == 8
    others[0].end.set()
    await requests.settle()
    assert sum(request.has_slot for request in many) == 9
    await requests.close()


async def test_ever_new_callers_do_not_starve_a_caller_whose_requests_have_ended() -> None:
    requests = Requests(slots=1)
    first, second = requests.begin("ann"), requests.begin("ann")
    newcomers = [requests.begin(f"new {number}") for number in range(3)]
    first.end.set()
    await requests.settle()
    assert requests.running() == [second], "none of the callers has a request in progress, and Ann came first"
    second.end.set()
    await requests.settle()
    assert requests.running() == newcomers[:1]
    await requests.close()


async def test_without_room_to_wait_a_request_is_refused_with_a_time_to_retry() -> None:
    requests = Requests(slots=1, waiting=0)
    first, second = requests.begin("ann"), requests.begin("ann")
    await requests.settle()
    assert requests.running() == [first]
    with pytest.raises(HttpProblem) as refused:
        await requests.tasks[second]
    assert (refused.value.status, refused.value.headers) == (503, {"Retry-After": "1"})
    await requests.close()
