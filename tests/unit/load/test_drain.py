"""What waits before a drain, and the rate of each tenth of it."""

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


def test_a_course_that_falls_off_shows_where() -> None:
    # What was published before the first sample is in no tenth.
    course = Course([(0.0, 7), (5.0, 507), (25.0, 1007)])
    assert course.tenths() == pytest.approx([100.0] * 5 + [25.0] * 5)


def test_a_tenth_begins_when_the_one_before_it_ended_when_nothing_came_for_a_while() -> None:
    course = Course([(0.0, 0), (1.0, 50), (2.0, 50), (3.0, 100)])
    assert sum(10 / rate for rate in course.tenths()) == pytest.approx(3.0)


def test_the_sizes_of_batches_take_turns_until_all_commands_are_in_one() -> None:
    assert list(sizes_of(8, (1, 2))) == [1, 2, 1, 2, 1, 1]
    assert list(sizes_of(5_000, (4_800,))) == [4_800, 200]


@pytest.mark.parametrize(("shape", "least", "most"), [("about 300", 200, 400), ("one or two", 1, 1.5)])
def test_frames_have_as_many_messages_as_the_shape_says(shape: str, least: float, most: float) -> None:
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
