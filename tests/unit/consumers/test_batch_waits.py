"""How long a batch that could not be decided waits before the next try."""

import asyncio

import pytest

from consumers.reading import batch
from service.store.errors import StoreUnavailable
from tests.unit.consumers.stub import Bench, StubRecord, StubStore


async def test_waits_grow_while_the_database_is_away_and_begin_anew_after_a_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits: list[float] = []

    async def pause(seconds: float, _: asyncio.Event) -> None:
        waits.append(seconds)

    monkeypatch.setattr(batch, "pause", pause)
    answers = iter([*[StoreUnavailable("away")] * 3, None, StoreUnavailable("away"), None])
    bench = Bench(StubStore(lambda _: next(answers)))
    bench.backoff.first, bench.backoff.chance = 1.0, lambda: 1.0
    for _ in range(6):
        await bench.batches.handle([StubRecord(0)])
    assert waits == [1.0, 2.0, 4.0, 1.0]
