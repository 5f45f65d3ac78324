"""Close clients that may not return."""

import asyncio
import contextlib

import pytest

from consumers.kafka.close_within import close_within


async def uncancellable(end: asyncio.Event) -> None:
    """Return when the event is set, and ignore cancellations before."""
    while not end.is_set():
        with contextlib.suppress(asyncio.CancelledError):
            await end.wait()


async def test_a_close_that_ignores_its_cancellation_is_abandoned() -> None:
    end = asyncio.Event()
    async with asyncio.timeout(5):
        assert not await close_within(uncancellable(end), 0.01)
    end.set()


async def test_a_cancelled_wait_ends_at_once() -> None:
    end = asyncio.Event()
    waiting = asyncio.create_task(close_within(uncancellable(end), 60))
    await asyncio.sleep(0)
    waiting.cancel()
    async with asyncio.timeout(5):
        with pytest.raises(asyncio.CancelledError):
            await waiting
    end.set()


async def test_a_close_that_returns_or_fails_in_time_has_ended() -> None:
    async def failing() -> None:
        raise OSError("already closed")

    assert await close_within(asyncio.sleep(0), 5)
    assert await close_within(failing(), 5)
