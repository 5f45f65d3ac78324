"""A pass of retries while messages are held, or shards change."""

import pytest

from consumers.relay.refusal import Refusal
from service.contract.message import Message
from service.store.held_store import HeldFrame
from tests.unit.consumers.outbox_stub import StubOutbox, damaged, message, row
from tests.unit.consumers.test_held_retry import Bench


async def test_a_message_waits_when_an_earlier_one_of_its_key_is_held_behind_the_position_of_the_pass() -> None:
    bench = Bench(StubOutbox(page_rows=1))
    bench.put(row(message(10, b"other")), row(message(11, b"third")))

    def hold_during_the_first_page(one: Message) -> Refusal | None:
        if one.position == 10 and 5 not in bench.outbox.rows:
            # A transaction that took its positions earlier was committed later.
            bench.put(row(message(5)), row(message(20)))
        return None

    bench.publisher.refuses = hold_during_the_first_page
    await bench.one_pass()
    assert bench.publisher.taken == [10, 11], "20 waits for 5"
    bench.publisher.refuses = lambda _: None
    await bench.one_pass()
    assert bench.publisher.taken == [10, 11, 5, 20]
    assert bench.in_step()


async def test_a_message_in_front_of_the_pass_is_retried_in_the_same_pass() -> None:
    bench = Bench(StubOutbox(page_rows=1))
    bench.put(row(message(10, b"other")))

    def hold_during_the_first_page(one: Message) -> Refusal | None:
        if one.position == 10:
            bench.put(row(message(20)), row(message(21)))
        return None

    bench.publisher.refuses = hold_during_the_first_page
    await bench.one_pass()
    assert bench.publisher.taken == [10, 20, 21]


@pytest.mark.parametrize("bad", ["topic", "corrupt"])
async def test_a_queue_stops_when_all_of_it_is_held_behind_the_position_of_the_pass(bad: str) -> None:
    bench = Bench(StubOutbox(page_rows=1))
    bench.put(row(message(10, b"other")), row(message(20, b"third")), row(message(30, topic="outcomes")))
    new = row(message(5), scope="topic")

    def hold_during_the_first_page(one: Message) -> Refusal | None:
        if one.position == 10:
            bench.put(new if bad == "topic" else HeldFrame(damaged(new.frame), "key", "the frame is corrupt"))
        return None

    bench.publisher.refuses = hold_during_the_first_page
    await bench.one_pass()
    assert sorted(bench.publisher.taken) == [10, 30]


async def test_a_pass_ends_when_the_shards_change() -> None:
    bench = Bench(StubOutbox(page_rows=1))
    bench.put(*(row(message(at)) for at in (1, 2, 3)))

    def change(one: Message) -> Refusal | None:
        if one.position == 1:
            bench.release.end_pass()
        return None

    bench.publisher.refuses = change
    await bench.one_pass()
    assert bench.publisher.taken == [1]
    await bench.one_pass()
    assert bench.publisher.taken == [1, 2, 3]
