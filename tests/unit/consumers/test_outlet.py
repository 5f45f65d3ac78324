"""The outlet: what waits in memory, and ranges of what was sent."""

import asyncio

import pytest

from consumers.outlet import CHUNK, FULL, Outlet
from service.contract.message import Message
from service.store.publishing import BLOCK


def messages(*positions: int) -> list[Message]:
    return [
        Message("id", "group", "g", "producer-registry.group.created.v1", "topic", b"key", b"{}", [], 0, position)
        for position in positions
    ]


def opened() -> Outlet:
    outlet = Outlet()
    outlet.open()
    return outlet


def positions(chunk: list[Message]) -> list[int]:
    return [message.position for message in chunk]


def test_messages_leave_in_the_order_they_were_handed() -> None:
    outlet = opened()
    outlet.hand(messages(1, 2))
    outlet.hand(messages(3))
    assert positions(outlet.next_chunk()) == [1, 2, 3]
    assert len(outlet) == 0


@pytest.mark.parametrize("batch", [CHUNK // 2, CHUNK - 1, CHUNK, 2 * CHUNK + 7])
def test_chunks_are_full_and_in_order_whatever_the_batches_are(batch: int) -> None:
    outlet = opened()
    for first in range(0, 4 * batch, batch):
        outlet.hand(messages(*range(first, first + batch)))
    left = list(range(4 * batch))
    while left:
        assert positions(outlet.next_chunk()) == left[:CHUNK]
        del left[:CHUNK]
        assert len(outlet) == len(left)


def test_what_is_handed_to_a_shut_outlet_is_dropped_and_what_waits_too() -> None:
    outlet = opened()
    outlet.hand(messages(1))
    outlet.shut()
    outlet.hand(messages(2))
    assert (len(outlet), outlet.next_chunk()) == (0, [])


def test_sent_positions_of_one_block_are_one_range_even_when_other_shards_lie_between() -> None:
    outlet = opened()
    outlet.sent(messages(3, 5, 9), {0, 1, 2})
    assert outlet.take_sent() == [(3, 9)]


def test_a_range_never_reaches_over_a_message_that_was_not_sent() -> None:
    outlet = opened()
    outlet.sent(messages(1, 2, 3, 4), {0, 1, 3})
    assert outlet.take_sent() == [(1, 2), (4, 4)]


@pytest.mark.parametrize("gap", [0, 1])
def test_a_range_never_reaches_over_the_end_of_a_block(gap: int) -> None:
    outlet = opened()
    after = (1 + gap) * BLOCK
    outlet.sent(messages(BLOCK - 1, after), {0, 1})
    assert outlet.take_sent() == [(BLOCK - 1, BLOCK - 1), (after, after)]


def test_a_range_never_runs_backwards_when_older_rows_come_late() -> None:
    outlet = opened()
    outlet.sent(messages(7, 8, 2, 3), {0, 1, 2, 3})
    assert outlet.take_sent() == [(7, 8), (2, 3)]


def test_what_was_sent_is_known_after_a_shut_and_after_a_failed_batch() -> None:
    outlet = opened()
    outlet.sent(messages(1), {0})
    outlet.shut()
    taken = outlet.take_sent()
    assert not outlet.has_sent
    outlet.sent(messages(5), {0})
    outlet.give_back(taken)
    assert outlet.take_sent() == [(1, 1), (5, 5)]


async def test_the_next_batch_waits_while_too_much_waits_and_goes_on_when_there_is_room() -> None:
    outlet = opened()
    outlet.hand(messages(*range(FULL + 1)))
    waiting = asyncio.create_task(outlet.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    outlet.next_chunk()
    await asyncio.wait_for(waiting, 5)


async def test_nobody_waits_for_room_when_the_outlet_is_shut() -> None:
    outlet = opened()
    outlet.hand(messages(*range(FULL + 1)))
    waiting = asyncio.create_task(outlet.room())
    await asyncio.sleep(0)
    outlet.shut()
    await asyncio.wait_for(waiting, 5)
