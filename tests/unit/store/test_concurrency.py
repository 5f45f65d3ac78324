"""Two coroutines at the same time: both complete, or both are cancelled."""

import asyncio

import pytest

from service.store.concurrency import run_concurrently


class Endless:
    """Work that waits until it is cancelled, and records that."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.cancelled = False

    async def run(self) -> None:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.cancelled = True


async def failing(begun: asyncio.Event) -> None:
    await begun.wait()
    raise LookupError("it failed")


async def test_each_runs_while_the_other_waits() -> None:
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
async def test_the_other_is_cancelled_when_one_fails(fails: str) -> None:
    other = Endless()
    pair = failing(other.begun), other.run()
    async with asyncio.timeout(5):
        with pytest.raises(LookupError, match="it failed"):
            await run_concurrently(*(pair if fails == "statements" else pair[::-1]))
    assert other.cancelled


async def test_both_are_cancelled_when_the_caller_is_cancelled() -> None:
    one, other = Endless(), Endless()
    task = asyncio.create_task(run_concurrently(one.run(), other.run()))
    async with asyncio.timeout(5):
        await asyncio.gather(one.begun.wait(), other.begun.wait())
        task.cancel()
        await asyncio.wait((task,))
    assert (one.cancelled, other.cancelled, task.cancelled()) == (True, True, True)


async def test_a_coroutine_cancelled_from_elsewhere_counts_as_failed() -> None:
    async def cancelled() -> None:
        raise asyncio.CancelledError

    async def work() -> None:
        return

    for pair in ((cancelled, work), (work, cancelled)):
        with pytest.raises(asyncio.CancelledError):
            await run_concurrently(*(one() for one in pair))
