"""Who waits together is answered together, and nobody gets an answer that is older than the question."""

import asyncio
from collections.abc import Sequence
from functools import partial

import pytest

from service.store.request_coalescing import MAX_BATCH, MAX_IN_FLIGHT, RequestCoalescer
from tests.support.wait import eventually


class Rounds:
    """Remembers the rounds; an answer tells the value at the moment its round was sent."""

    def __init__(self) -> None:
        self.value = 0
        self.asked: list[list[str]] = []
        self.open = asyncio.Event()

    async def ask(self, questions: Sequence[str]) -> list[tuple[str, int]]:
        value = self.value
        self.asked.append(list(questions))
        await self.open.wait()
        if "trouble" in questions:
            raise LookupError("trouble")
        return [(question, value) for question in questions]


def _begun(rounds: Rounds, count: int) -> bool:
    return len(rounds.asked) == count


async def test_lone_question_goes_out_at_once() -> None:
    rounds = Rounds()
    rounds.open.set()
    assert await RequestCoalescer(rounds.ask).answer("a") == ("a", 0)


async def test_who_asks_while_rounds_are_under_way_is_asked_for_later_and_together() -> None:
    rounds = Rounds()
    coalescer = RequestCoalescer(rounds.ask)
    early = []
    for lane in range(MAX_IN_FLIGHT):
        early.append(asyncio.create_task(coalescer.answer(f"early {lane}")))
        await eventually(partial(_begun, rounds, lane + 1), what="a round")
    rounds.value = 1
    late = [asyncio.create_task(coalescer.answer(f"late {number}")) for number in range(MAX_BATCH + 1)]
    await asyncio.sleep(0)
    rounds.open.set()
    assert {value for _, value in await asyncio.gather(*early)} == {0}
    assert await asyncio.gather(*late) == [(f"late {number}", 1) for number in range(MAX_BATCH + 1)]
    assert [len(asked) for asked in rounds.asked] == [1] * MAX_IN_FLIGHT + [MAX_BATCH, 1]


async def test_trouble_reaches_everybody_of_its_round_and_nobody_else() -> None:
    rounds = Rounds()
    rounds.open.set()
    coalescer = RequestCoalescer(rounds.ask)
    reported = await asyncio.gather(*map(coalescer.answer, ["a", "trouble"]), return_exceptions=True)
    assert [type(one) for one in reported] == [LookupError, LookupError]
    assert await coalescer.answer("b") == ("b", 0)


async def test_who_gave_up_holds_up_nobody() -> None:
    rounds = Rounds()
    coalescer = RequestCoalescer(rounds.ask)
    asking = [asyncio.create_task(coalescer.answer(name)) for name in ("a", "b")]
    await eventually(lambda: rounds.asked == [["a", "b"]], what="a round")
    asking[0].cancel()
    rounds.open.set()
    assert await asking[1] == ("b", 0)
    with pytest.raises(asyncio.CancelledError):
        await asking[0]
    assert await coalescer.answer("c") == ("c", 0)


class Silence:
    """Says nothing in its first rounds, and does not even end at once when it is cancelled."""

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


async def _silenced(coalescer: RequestCoalescer[str, str], silence: Silence) -> "list[asyncio.Task[str]]":
    """Askers of rounds that hang, one on each lane."""
    asking = []
    for lane in range(MAX_IN_FLIGHT):
        asking.append(asyncio.create_task(coalescer.answer(f"lost {lane}")))
        await eventually(lambda: silence.begun == len(asking), what="a round")
    return asking


async def test_round_that_nobody_waits_for_frees_its_lane_at_once() -> None:
    silence = Silence(MAX_IN_FLIGHT)
    coalescer = RequestCoalescer(silence.ask, late=3600)
    asking = await _silenced(coalescer, silence)
    waiting = asyncio.create_task(coalescer.answer("next"))
    await asyncio.sleep(0)
    assert silence.begun == MAX_IN_FLIGHT
    asking[0].cancel()
    assert await asyncio.wait_for(waiting, 30) == "next"
    for task in asking:
        task.cancel()
    await eventually(lambda: silence.cancelled == MAX_IN_FLIGHT, what="the end of the rounds")
    assert await asyncio.wait_for(coalescer.answer("last"), 30) == "last"
    silence.over.set()


async def test_late_rounds_hold_up_nobody_and_still_answer() -> None:
    silence = Silence(MAX_IN_FLIGHT)
    coalescer = RequestCoalescer(silence.ask, late=0.05)
    asking = await _silenced(coalescer, silence)
    assert await asyncio.wait_for(coalescer.answer("next"), 30) == "next"
    assert await asyncio.wait_for(coalescer.answer("last"), 30) == "last"
    silence.over.set()
    assert await asyncio.gather(*asking) == [f"lost {lane}" for lane in range(MAX_IN_FLIGHT)]


async def test_round_goes_on_while_one_of_its_askers_waits() -> None:
    silence = Silence(1)
    coalescer = RequestCoalescer(silence.ask)
    asking = [asyncio.create_task(coalescer.answer(name)) for name in ("a", "b")]
    await eventually(lambda: silence.begun == 1, what="a round")
    asking[0].cancel()
    await asyncio.wait(asking[:1])
    silence.over.set()
    assert await asking[1] == "b"
    assert silence.cancelled == 0
