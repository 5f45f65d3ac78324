"""The newest state record of a key is due again when older copies may have arrived behind it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from consumers.relay.late_copies import LATE_SECONDS, LateCopies
from consumers.relay.report import Report
from service.contract.message import Message
from service.store.frame_row import CHUNK_MESSAGES
from tests.unit.consumers.outbox_stub import INVALID, message, positions


class Clock:
    """A clock that the test sets."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def late(clock: Clock) -> LateCopies:
    return LateCopies(clock)


def state(position: int, key: bytes = b"k", shard: int = 0) -> Message:
    """Return a record of a state topic."""
    return replace(message(position, key, "states", shard), aggregatetype="state")


def accepted(late: LateCopies, messages: Sequence[Message]) -> None:
    late.record(messages, Report(sent=set(positions(messages))))


def test_the_newest_record_is_due_when_an_older_one_was_not_answered(late: LateCopies, clock: Clock) -> None:
    late.record([state(1)], Report(error=OSError("away")))
    accepted(late, [state(1), state(2)])
    accepted(late, [state(3)])
    clock.now += LATE_SECONDS - 0.1
    assert late.due() == []
    clock.now += 0.1
    [due] = late.due()
    assert due.position == 3
    late.repeated([due])
    assert not late


def test_the_newest_record_is_due_when_the_former_relay_of_the_shard_may_have_sent_an_older_one(
    late: LateCopies, clock: Clock
) -> None:
    late.taken_over([0])
    accepted(late, [state(1), state(2, b"other"), state(3, b"foreign", shard=1)])
    accepted(late, [state(4), state(5, b"foreign", shard=1)])
    clock.now += LATE_SECONDS
    assert positions(late.due()) == [4]


def test_nothing_is_due_when_the_only_record_of_a_key_was_sent_twice(late: LateCopies, clock: Clock) -> None:
    late.record([state(1)], Report(error=OSError("away")))
    accepted(late, [state(1)])
    clock.now += LATE_SECONDS
    assert late.due() == []
    assert not late


def test_events_are_not_sent_again(late: LateCopies, clock: Clock) -> None:
    late.taken_over([0])
    late.record([message(1)], Report(error=OSError("away")))
    accepted(late, [message(1), message(2)])
    clock.now += LATE_SECONDS
    assert late.due() == []


def test_refused_records_and_records_of_a_relay_without_trouble_are_not_remembered(late: LateCopies) -> None:
    late.record([state(1)], Report(refused={1: INVALID}, error=OSError("away")))
    accepted(late, [state(2)])
    assert not late


def test_a_relay_remembers_one_chunk_of_a_shard_that_it_took_over(late: LateCopies) -> None:
    late.taken_over([0])
    accepted(late, [state(at, b"%d" % at) for at in range(CHUNK_MESSAGES + 5)])
    assert len(late) == CHUNK_MESSAGES


def test_records_that_are_sent_later_than_copies_can_arrive_are_not_remembered(late: LateCopies, clock: Clock) -> None:
    late.taken_over([0])
    clock.now += LATE_SECONDS
    accepted(late, [state(1)])
    assert not late


def test_a_newer_record_that_was_sent_during_the_repetition_is_due_again(late: LateCopies, clock: Clock) -> None:
    late.record([state(1)], Report(error=OSError("away")))
    accepted(late, [state(1), state(2)])
    clock.now += LATE_SECONDS
    due = late.due()
    accepted(late, [state(3)])
    late.repeated(due)
    assert positions(late.due()) == [3]


def test_nothing_is_remembered_of_shards_that_are_lost(late: LateCopies) -> None:
    late.taken_over([0])
    accepted(late, [state(1)])
    late.clear()
    accepted(late, [state(2)])
    assert not late


def test_keys_are_looked_through_only_when_one_may_be_due(late: LateCopies, clock: Clock) -> None:
    class Counted(dict[object, object]):
        looks = 0

        def items(self) -> Any:
            self.looks += 1
            return super().items()

    late._keys = keys = cast("Any", Counted())
    late.taken_over([0])
    accepted(late, [state(1), state(2)])
    clock.now += 1.0
    late.unanswered([state(3, b"later")])
    accepted(late, [state(4, b"later")])
    clock.now += LATE_SECONDS - 1.1
    assert (late.due(), keys.looks) == ([], 0)
    clock.now += 0.1
    assert (positions(late.due()), keys.looks) == ([2], 1)
    late.repeated([state(2)])
    assert positions(late.due()) == [2], "it was not sent again yet"
    late.repeated(late.due())
    assert (late.due(), len(late)) == ([], 1)
    looks = keys.looks
    assert (late.due(), keys.looks) == ([], looks)
    clock.now += 1.0
    assert positions(late.due()) == [4]
