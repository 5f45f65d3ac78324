"""Two things at the same time: both end, or both are given up."""

import asyncio

import pytest

from service.store.concurrency import run_concurrently


class Endless:
    """Work that waits for ever, and notes how it came to its end."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.given_up = False

    async def run(self) -> None:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.given_up = True


async def failing(begun: asyncio.Event) -> None:
    await begun.wait()
    raise LookupError("it failed")


async def test_each_goes_on_while_the_other_waits() -> None:
    first, second = asyncio.Event(), asyncio.Event()

    async def statements() -> None:
        first.set()
        await second.wait()

    async def work() -> None:
        await first.wait()
        second.set()

    async with asyncio.timeout(5):
        await run_concurrently(statements(), work())
    assert (first.is_set(), second.is_set()) == (True, True)


@pytest.mark.parametrize("fails", ["statements", "work"])
async def test_the_other_is_given_up_when_one_fails(fails: str) -> None:
    other = Endless()
    pair = failing(other.begun), other.run()
    async with asyncio.timeout(5):
        with pytest.raises(LookupError, match="it failed"):
            await run_concurrently(*(pair if fails == "statements" else pair[::-1]))
    assert other.given_up


async def test_both_are_given_up_when_nobody_waits_any_more() -> None:
    one, other = Endless(), Endless()
    task = asyncio.create_task(run_concurrently(one.run(), other.run()))
    async with asyncio.timeout(5):
        await asyncio.gather(one.begun.wait(), other.begun.wait())
        task.cancel()
        await asyncio.wait((task,))
    assert (one.given_up, other.given_up, task.cancelled()) == (True, True, True)


async def test_one_that_somebody_else_cancelled_is_not_taken_for_done() -> None:
    async def cancelled() -> None:
        raise asyncio.CancelledError

    async def work() -> None:
        return

    for pair in ((cancelled, work), (work, cancelled)):
        with pytest.raises(asyncio.CancelledError):
            await run_concurrently(*(one() for one in pair))
