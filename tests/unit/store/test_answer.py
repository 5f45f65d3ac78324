"""The output of a batch is made in order, and in slices between which other tasks run."""

import asyncio
from datetime import UTC, datetime

from service.contract.envelope import Undecodable
from service.contract.topics import Topics
from service.store.batch_output import SLICE, BatchOutput
from service.store.position import BLOCK
from tests.support.record import FakeRecord


async def test_a_long_batch_is_answered_in_order_and_in_slices() -> None:
    batch = [Undecodable(FakeRecord("in", 0, offset, None, b"", ()), "tombstone", "") for offset in range(3 * SLICE)]
    answers = BatchOutput(Topics("registry"), 7, datetime(2026, 11, 22, tzinfo=UTC))
    adding = asyncio.create_task(answers.add(batch, {}, ()))
    seen = []
    while not adding.done():
        seen.append(len(answers.messages))
        await asyncio.sleep(0)
    assert seen[:4] == [0, SLICE, 2 * SLICE, 3 * SLICE]
    assert [message.position for message in answers.messages] == [7 * BLOCK + n for n in range(3 * SLICE)]
