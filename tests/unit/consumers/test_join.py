"""Joining the group: again and again while it is refused, and given up when the process ends."""

import asyncio
from pathlib import Path

import pytest

from consumers.reading import join
from consumers.reading.assignment import READING
from tests.unit.consumers.test_run import StubSubscription, consumers, joined


async def test_the_reason_names_group_and_error_and_the_waits_end_at_five_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process, health, shutdown = consumers(tmp_path)
    subscription = StubSubscription(refusals=12)
    subscription.joined.set()
    waits: list[tuple[float, int]] = []

    async def pause(seconds: float, stop: asyncio.Event) -> None:
        assert stop is shutdown.stop, "the end of the process cuts a wait short"
        waits.append((seconds, subscription.stopped))

    monkeypatch.setattr(join, "pause", pause)
    assert await joined(process, subscription)
    reason = "GroupAuthorizationFailedError: the Kafka user lacks READ on the group group"
    assert health.readiness()[READING] == f"cannot join the group producer-registry: {reason}"
    assert [stopped for _, stopped in waits] == list(range(1, 13)), "what was begun is stopped before each wait"
    assert 2.5 <= max(seconds for seconds, _ in waits) <= 5.0
    assert waits[0][0] <= 0.1


async def test_a_join_is_given_up_when_the_process_ends(tmp_path: Path) -> None:
    process, _, shutdown = consumers(tmp_path)
    subscription = StubSubscription()
    begun, given_up = asyncio.Event(), False

    async def start() -> None:
        nonlocal given_up
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            given_up = True

    subscription.start = start  # type: ignore[method-assign]
    joining = asyncio.create_task(joined(process, subscription))
    async with asyncio.timeout(5):
        await begun.wait()
        shutdown.stop.set()
        assert await joining is False
    assert (given_up, subscription.stopped) == (True, 1)
