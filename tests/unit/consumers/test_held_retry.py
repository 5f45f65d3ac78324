"""Retries of held messages: the rows that are removed, the rows that stay, and the order of the tries."""

import asyncio
import contextlib
from dataclasses import dataclass, field

import pytest

from consumers.relay import held_retry as module
from consumers.relay.held_keys import HeldKeys
from consumers.relay.held_retry import HeldRetry
from consumers.relay.refusal import Refusal
from service.store.held_store import HeldFrame
from tests.support.wait import eventually
from tests.unit.consumers.outbox_stub import (
    FORBIDDEN,
    INVALID,
    LATE,
    StubOutbox,
    StubPublisher,
    damaged,
    message,
    row,
)


@dataclass
class Bench:
    """A `HeldRetry` with stubs."""

    outbox: StubOutbox = field(default_factory=StubOutbox)
    publisher: StubPublisher = field(default_factory=StubPublisher)
    held: HeldKeys = field(default_factory=HeldKeys)
    accepted: set[tuple[str, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.release = HeldRetry(self.outbox, self.publisher, self.held, self.accepted.update)  # type: ignore[arg-type]

    def put(self, *rows: HeldFrame) -> None:
        """Hold rows, as the relay does, which may be in the middle of a pass."""
        self.outbox.put(*rows)
        for one in rows:
            self.held.add(one)
            self.release.added(one)

    def refuse(self, refusal: Refusal, *at: int) -> None:
        """Let the broker refuse only messages at these positions."""
        self.publisher.refuses = lambda one: refusal if one.position in at else None

    async def one_pass(self) -> None:
        """Run one pass over all held messages."""
        before = self.publisher.passes
        task = asyncio.create_task(self.release.run())
        self.release.schedule()
        try:
            await eventually(lambda: task.done() or self.publisher.passes > before)
            assert not task.done(), task.exception()
            assert not self.release.lock.locked()
        finally:
            task.cancel()
            await asyncio.wait((task,))

    def in_step(self) -> bool:
        """Return whether the held keys match the table."""
        loaded = HeldKeys()
        loaded.load(self.outbox.rows.values())
        return vars(loaded) == {**vars(self.held), "_keyless": vars(loaded)["_keyless"]}


async def test_all_held_messages_are_released_oldest_first_when_the_broker_accepts_them() -> None:
    bench = Bench()
    bench.put(*(row(message(position), message(position + 1, b"other")) for position in range(0, 20, 2)))
    bench.put(row(message(100, topic="outcomes")))
    await bench.one_pass()
    assert [at for at in bench.publisher.taken if at < 100] == list(range(20))
    assert sorted(bench.publisher.taken) == [*range(20), 100]
    assert bench.outbox.rows == {}
    assert not bench.held
    assert bench.accepted == {("events", 0), ("outcomes", 0)}


async def test_a_queue_is_released_when_it_did_not_fit_in_the_first_pages() -> None:
    bench = Bench(StubOutbox(page_rows=2, page_all=2))
    for shard in range(3):
        bench.put(*(row(message(100 * shard + at, shard=shard)) for at in range(5)))
    bench.refuse(INVALID, 0)
    await bench.one_pass()
    assert bench.outbox.remaining() == [([at], "key", "INVALID_RECORD") for at in range(5)]
    assert bench.publisher.taken == [100, 101, 102, 103, 104, 200, 201, 202, 203, 204]


async def test_only_the_key_of_a_refused_message_stays_when_a_record_is_refused() -> None:
    bench = Bench()
    bench.put(row(message(1), message(2, b"other"), message(3)), row(message(4), message(5, b"other")))
    bench.put(row(message(6, topic="outcomes")), row(message(7), message(8, b"other")), row(message(9)))
    bench.refuse(INVALID, 1)
    await bench.one_pass()
    assert sorted(bench.publisher.taken) == [2, 5, 6, 8]
    assert [at for at, *_ in bench.outbox.remaining()] == [[1, 3], [4], [7], [9]]
    assert {7, 9}.isdisjoint(bench.publisher.tried), "messages behind a refused one of a previous page are not tried"
    assert bench.held.blocks(message(10))
    assert not bench.held.blocks(message(10, b"other"))
    assert bench.in_step()
    bench.refuse(INVALID)
    await bench.one_pass()
    assert [at for at in bench.publisher.taken if at in {1, 3, 4, 7, 9}] == [1, 3, 4, 7, 9]
    assert not bench.outbox.rows


async def test_a_key_is_free_only_after_its_last_held_message() -> None:
    bench = Bench()
    bench.put(row(message(1)), row(message(2)))
    bench.refuse(INVALID, 2)
    await bench.one_pass()
    assert bench.outbox.remaining() == [([2], "key", "INVALID_RECORD")]
    assert bench.held.blocks(message(3))


async def test_rows_are_unchanged_when_their_topic_is_refused() -> None:
    bench = Bench()
    rows = [row(*(message(at + n, b"%d" % n) for n in range(9)), scope="topic") for at in range(0, 90, 10)]
    rows = [HeldFrame(one.frame, "topic", FORBIDDEN.reason) for one in rows]
    bench.put(*rows, row(message(100, topic="outcomes")))
    bench.publisher.refuses = lambda one: FORBIDDEN if one.topic == "events" else None
    await bench.one_pass()
    assert list(bench.outbox.rows.values()) == rows
    assert bench.outbox.wrote == [[100]]
    assert bench.outbox.read == [[0, 10, 100]], "no further page of a stopped queue is read"
    assert all(at < 20 or at == 100 for at in bench.publisher.tried), "only the first page of a refused topic is tried"
    assert bench.held.hold_for((0, "events")) == ("topic", FORBIDDEN.reason)
    assert bench.in_step()


async def test_a_topic_hold_becomes_a_key_hold_when_only_records_are_refused() -> None:
    bench = Bench()
    bench.put(row(message(1), message(2, b"other"), scope="topic", reason=FORBIDDEN.reason))
    bench.refuse(INVALID, 1)
    await bench.one_pass()
    assert bench.outbox.remaining() == [([1], "key", "INVALID_RECORD")]
    assert not bench.held.blocks(message(3, b"other"))
    assert bench.in_step()


async def test_a_topic_hold_is_kept_during_an_outage() -> None:
    bench = Bench()
    bench.put(row(message(1), message(2, b"other"), message(3), scope="topic", reason="OLD"))
    bench.publisher.away_after = 1
    await bench.one_pass()
    assert bench.publisher.taken == [1]
    assert bench.outbox.remaining() == [([2, 3], "topic", "OLD")]
    assert bench.in_step()


async def test_the_pass_ends_at_an_outage() -> None:
    bench = Bench(publisher=StubPublisher(away_after=0))
    bench.put(*(row(message(position)) for position in range(8)))
    await bench.one_pass()
    assert bench.outbox.read == [[0, 1]]
    assert bench.outbox.wrote == []


async def test_later_pages_are_tried_in_the_same_pass_when_the_time_for_a_page_runs_out() -> None:
    bench = Bench(publisher=StubPublisher(late_after=2))
    keys = [b"bad", b"slow", b"last", b"slow", b"other", b"last"]
    bench.put(*(row(message(position, key)) for position, key in enumerate(keys)))
    bench.outbox.page_rows = 3
    bench.refuse(INVALID, 0)
    await bench.one_pass()
    # `last` has to wait: the first of its messages was not tried.
    assert bench.publisher.taken == [1, 3, 4]
    assert bench.outbox.remaining() == [
        ([0], "key", INVALID.reason),
        *[([at], "key", "INVALID_RECORD") for at in (2, 5)],
    ]
    assert bench.in_step()


async def test_the_reason_is_the_latest_one() -> None:
    bench = Bench()
    bench.put(row(message(1), scope="topic", reason=FORBIDDEN.reason))
    bench.refuse(LATE, 1)
    await bench.one_pass()
    assert bench.outbox.remaining() == [([1], "key", LATE.reason)]


@pytest.mark.parametrize("page_rows", [1, 2, 3], ids="{} rows a page".format)
async def test_a_corrupt_row_stops_only_its_queue(page_rows: int) -> None:
    bench = Bench(StubOutbox(page_rows=page_rows))
    good = row(message(2))
    bad = HeldFrame(damaged(good.frame), "topic", "the frame is corrupt")
    bench.put(row(message(1)), bad, row(message(3)), row(message(4, topic="outcomes")), row(message(5, shard=1)))
    await bench.one_pass()
    assert sorted(bench.publisher.taken) == [1, 4, 5]
    assert sorted(bench.outbox.rows) == [2, 3]
    assert bench.outbox.rows[2] == bad
    del bench.outbox.rows[2]
    await bench.one_pass()
    assert bench.publisher.taken[-1] == 3


async def test_discarded_messages_are_not_written_again_by_a_concurrent_try() -> None:
    bench = Bench()
    bench.put(row(message(1), message(2, b"other")), row(message(3, b"third"), message(4, b"fourth")))
    bench.refuse(INVALID, 1, 3)
    bench.outbox.before_replace = lambda: bench.outbox.rows.pop(1, None)
    await bench.one_pass()
    assert bench.outbox.remaining() == [([3], "key", "INVALID_RECORD")]


async def test_messages_without_key_are_independent_and_their_refusal_is_remembered() -> None:
    bench = Bench()
    bench.put(row(message(1, None), message(2, None), message(3)))
    bench.refuse(INVALID, 1)
    await bench.one_pass()
    assert bench.publisher.taken == [2, 3]
    assert bench.outbox.remaining() == [([1], "key", "INVALID_RECORD")]
    bench.put(row(message(4, None)))
    bench.publisher.refuses = lambda one: INVALID if one.key is None else None
    await bench.one_pass()
    assert bench.held.blocks(message(5, None))
    assert not bench.held.blocks(message(5))
    bench.refuse(INVALID)
    await bench.one_pass()
    assert not bench.held


async def test_nothing_is_read_when_nothing_is_held() -> None:
    bench = Bench()
    task = asyncio.create_task(bench.release.run())
    bench.release.schedule()
    # The task runs until it waits again.
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert (bench.publisher.passes, bench.outbox.read) == (0, [])
    task.cancel()
    await asyncio.wait((task,))


async def test_held_messages_are_retried_without_a_call_after_the_pause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)
    bench = Bench()
    bench.put(row(message(1)))
    bench.refuse(INVALID, 1)
    task = asyncio.create_task(bench.release.run())
    await eventually(lambda: bench.publisher.tried.count(1) > 2)
    bench.refuse(INVALID)
    await eventually(lambda: bench.publisher.taken == [1])
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
