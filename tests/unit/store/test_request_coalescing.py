"""Requests that wait at the same time share a round, and no answer is older than its question."""

import asyncio
from collections.abc import Sequence
from functools import partial

import pytest

from service.store.request_coalescing import MAX_BATCH, MAX_IN_FLIGHT, RequestCoalescer
from tests.support.wait import eventually


class Rounds:
    """Records the rounds; an answer has the value at the time when its round was sent."""

    def __init__(self) -> None:
        self.value = 0
        self.sent: list[list[str]] = []
        self.open = asyncio.Event()

    async def ask(self, questions: Sequence[str]) -> list[tuple[str, int]]:
        value = self.value
        self.sent.append(list(questions))
        await self.open.wait()
        if "trouble" in questions:
            raise LookupError("trouble")
        return [(question, value) for question in questions]


def _begun(rounds: Rounds, count: int) -> bool:
    return len(rounds.sent) == count


async def test_single_question_is_sent_at_once() -> None:
    rounds = Rounds()
    rounds.open.set()
    assert await RequestCoalescer(rounds.ask).answer("a") == ("a", 0)


async def test_questions_during_running_rounds_are_sent_later_in_one_round() -> None:
    rounds = Rounds()
    coalescer = RequestCoalescer(rounds.ask)
    early = []
    for slot in range(MAX_IN_FLIGHT):
        early.append(asyncio.create_task(coalescer.answer(f"early {slot}")))
        await eventually(partial(_begun, rounds, slot + 1), what="a round")
    rounds.value = 1
    late = [asyncio.create_task(coalescer.answer(f"late {number}")) for number in range(MAX_BATCH + 1)]
    await asyncio.sleep(0)
    rounds.open.set()
    assert {value for _, value in await asyncio.gather(*early)} == {0}
    assert await asyncio.gather(*late) == [(f"late {number}", 1) for number in range(MAX_BATCH + 1)]
    assert [len(sent) for sent in rounds.sent] == [1] * MAX_IN_FLIGHT + [MAX_BATCH, 1]


async def test_an_error_is_raised_for_all_questions_of_its_round_only() -> None:
    rounds = Rounds()
    rounds.open.set()
    coalescer = RequestCoalescer(rounds.ask)
    reported = await asyncio.gather(*map(coalescer.answer, ["a", "trouble"]), return_exceptions=True)
    assert [type(one) for one in reported] == [LookupError, LookupError]
    assert await coalescer.answer("b") == ("b", 0)


async def test_a_missing_answer_is_an_error_of_its_round() -> None:
    async def ask(questions: Sequence[str]) -> list[str]:
        return list(questions[1:])

    coalescer = RequestCoalescer(ask)
    async with asyncio.timeout(5):
        reported = await asyncio.gather(*map(coalescer.answer, ["a", "b"]), return_exceptions=True)
    assert [type(one) for one in reported] == [ValueError, ValueError]


async def test_a_cancelled_request_does_not_affect_others() -> None:
    rounds = Rounds()
    coalescer = RequestCoalescer(rounds.ask)
    requests = [asyncio.create_task(coalescer.answer(name)) for name in ("a", "b")]
    await eventually(lambda: rounds.sent == [["a", "b"]], what="a round")
    requests[0].cancel()
    rounds.open.set()
    assert await requests[1] == ("b", 0)
    with pytest.raises(asyncio.CancelledError):
        await requests[0]
    assert await coalescer.answer("c") == ("c", 0)


class Silence:
    """Does not answer its first rounds, and does not end at once when it is cancelled."""

    def __init__(self, rounds: int) -> None:
        self.silent = rounds
        self.begun = 0
        self.cancelled = 0
        self.over = asyncio.Event()

    async def ask(self, questions: Sequence[str]) -> list[str]:
        self.begun += 1
        if self.begun <= self.silent:
            try:
                await self.over.wait()
            except asyncio.CancelledError:
                self.cancelled += 1
                await self.over.wait()
                raise
        return list(questions)


async def _hanging_requests(coalescer: RequestCoalescer[str, str], silence: Silence) -> "list[asyncio.Task[str]]":
    """Start rounds that hang, one in each slot."""
    requests = []
    for slot in range(MAX_IN_FLIGHT):
        requests.append(asyncio.create_task(coalescer.answer(f"lost {slot}")))
        await eventually(lambda: silence.begun == len(requests), what="a round")
    return requests


async def test_round_that_no_request_waits_for_frees_its_slot_at_once() -> None:
    silence = Silence(MAX_IN_FLIGHT)
    coalescer = RequestCoalescer(silence.ask, late=3600)
    requests = await _hanging_requests(coalescer, silence)
    waiting = asyncio.create_task(coalescer.answer("next"))
    await asyncio.sleep(0)
    assert silence.begun == MAX_IN_FLIGHT
    requests[0].cancel()
    assert await asyncio.wait_for(waiting, 30) == "next"
    for task in requests:
        task.cancel()
    await eventually(lambda: silence.cancelled == MAX_IN_FLIGHT, what="the end of the rounds")
    assert await asyncio.wait_for(coalescer.answer("last"), 30) == "last"
    silence.over.set()


async def test_late_rounds_do_not_block_others_and_still_answer() -> None:
    silence = Silence(MAX_IN_FLIGHT)
    coalescer = RequestCoalescer(silence.ask, late=0.05)
    requests = await _hanging_requests(coalescer, silence)
    assert await asyncio.wait_for(coalescer.answer("next"), 30) == "next"
    assert await asyncio.wait_for(coalescer.answer("last"), 30) == "last"
    silence.over.set()
    assert await asyncio.gather(*requests) == [f"lost {slot}" for slot in range(MAX_IN_FLIGHT)]


async def test_round_continues_while_one_of_its_requests_waits() -> None:
    silence = Silence(1)
    coalescer = RequestCoalescer(silence.ask)
    requests = [asyncio.create_task(coalescer.answer(name)) for name in ("a", "b")]
    await eventually(lambda: silence.begun == 1, what="a round")
    requests[0].cancel()
    await asyncio.wait(requests[:1])
    silence.over.set()
    assert await requests[1] == "b"
    assert silence.cancelled == 0
