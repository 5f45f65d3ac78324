"""Letting go of what may not end."""

import asyncio
import contextlib

import pytest

from consumers.kafka.close_within import close_within


async def stubborn(wanted: asyncio.Event) -> None:
    """End when wanted, and at no cancellation before."""
    while not wanted.is_set():
        with contextlib.suppress(asyncio.CancelledError):
            await wanted.wait()


async def test_what_swallows_its_cancellation_is_left_to_itself() -> None:
    wanted = asyncio.Event()
    async with asyncio.timeout(5):
        assert not await close_within(stubborn(wanted), 0.01)
    wanted.set()


async def test_nobody_waits_longer_for_it_when_the_waiting_is_given_up() -> None:
    wanted = asyncio.Event()
    waiting = asyncio.create_task(close_within(stubborn(wanted), 60))
    await asyncio.sleep(0)
    waiting.cancel()
    async with asyncio.timeout(5):
        with pytest.raises(asyncio.CancelledError):
            await waiting
    wanted.set()


async def test_what_ends_in_time_or_with_an_error_has_ended() -> None:
    async def failing() -> None:
        raise OSError("it was gone already")

    assert await close_within(asyncio.sleep(0), 5)
    assert await close_within(failing(), 5)
