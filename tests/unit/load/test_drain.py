"""The backlog of a drain, and the rate of each tenth of it."""

from collections import Counter
from itertools import pairwise

import pytest

from service.contract.topics import Topics
from service.store.frame import frames_of
from service.store.position import BLOCK
from tests.load.backlog import Backlog, sizes_of
from tests.load.drain import SHAPES, Course


def test_a_steady_course_has_the_same_rate_in_each_tenth() -> None:
    course = Course([(10.0 + number, 500 * number) for number in range(41)])
    assert course.tenths() == pytest.approx([500.0] * 10)
    assert course.rate == pytest.approx(500.0)


def test_a_decreasing_rate_shows_in_the_tenths() -> None:
    # Messages published before the first sample are in no tenth.
    course = Course([(0.0, 7), (5.0, 507), (25.0, 1007)])
    assert course.tenths() == pytest.approx([100.0] * 5 + [25.0] * 5)


def test_a_tenth_begins_at_the_end_of_the_previous_one_also_after_a_gap() -> None:
    course = Course([(0.0, 0), (1.0, 50), (2.0, 50), (3.0, 100)])
    assert sum(10 / rate for rate in course.tenths()) == pytest.approx(3.0)


def test_the_sizes_of_batches_are_used_in_turn_until_all_commands_are_included() -> None:
    assert list(sizes_of(8, (1, 2))) == [1, 2, 1, 2, 1, 1]
    assert list(sizes_of(5_000, (4_800,))) == [4_800, 200]


@pytest.mark.parametrize(("shape", "least", "most"), [("about 300", 200, 400), ("one or two", 1, 1.5)])
def test_frames_have_the_number_of_messages_of_their_shape(shape: str, least: float, most: float) -> None:
    backlog = Backlog(Topics())
    frames = [
        frame
        for block, size in enumerate(sizes_of(4_800, SHAPES[shape]), 1)
        for frame in frames_of(backlog.batch(block, size))
    ]
    assert sum(frame.messages for frame in frames) == 9_600
    assert least <= 9_600 / len(frames) <= most


def test_a_batch_is_an_event_and_an_outcome_of_each_command_in_order() -> None:
    messages = Backlog(Topics()).batch(3, 50)
    assert [message.position for message in messages] == [3 * BLOCK + number for number in range(100)]
    assert Counter(message.aggregatetype for message in messages) == {"code": 50, "outcome": 50}
    assert len({message.id for message in messages}) == 100
    assert all(len(one.payload or b"") > 100 for one, _ in pairwise(messages))


def test_the_same_seed_gives_the_same_commands() -> None:
    one, other = (Backlog(Topics(), seed=2).batch(1, 20) for _ in range(2))
    assert [(m.id, m.key) for m in one] == [(m.id, m.key) for m in other]
