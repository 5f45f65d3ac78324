"""The timeline of a command, and the statements of batches, from recorded steps."""

import pytest

from tests.load.statements import per_batch
from tests.load.timeline import HOPS, hops_of

STEPS = [
    ("poll", 0.5, 1.003),
    ("statement: BEGIN", 1.004, 1.005),
    ("batch", 1.004, 1.010),
    ("relay read", 1.011, 1.012),
    ("relay publish", 1.013, 1.015),
    ("relay settle", 1.015, 1.017),
    ("statement: other", 1.018, 1.019),
]


def test_the_hops_of_a_command_follow_each_other_and_their_sum_is_the_whole() -> None:
    [hops] = hops_of([(1.0, 1.002, 1.016)], STEPS)
    assert list(hops) == list(HOPS)
    assert sum(hops.values()) == pytest.approx(16)
    assert hops["fetch, until the poll returns"] == pytest.approx(1)
    assert hops["batch, with its COMMIT"] == pytest.approx(6)


def test_a_command_without_all_steps_has_no_hops() -> None:
    assert hops_of([(1.0, 1.002, 1.010)], STEPS) == []


def test_statements_count_for_the_batch_in_which_they_begin() -> None:
    steps = [*STEPS, ("statement: COPY inbox", 2.001, 2.003), ("batch", 2.0, 2.004)]
    taken, trips, milliseconds = per_batch(steps)
    assert {name: often for name, (often, _) in taken.items()} == {
        "statement: BEGIN": 0.5,
        "statement: COPY inbox": 0.5,
    }
    assert taken["statement: COPY inbox"][1] == pytest.approx(2)
    assert trips == 1.5
    assert milliseconds == pytest.approx(5)
