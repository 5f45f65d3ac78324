"""Figures of rounds and percentiles."""

import pytest

from tests.load.figure import Figure, percentile, short


def test_a_figure_has_median_least_and_most() -> None:
    figure = Figure((3.0, 1.0, 2.0))
    assert (figure.median, figure.least, figure.most) == (2.0, 1.0, 3.0)
    assert figure.as_json() == {"median": 2.0, "min": 1.0, "max": 3.0, "rounds": [3.0, 1.0, 2.0]}


def test_a_ratio_is_taken_round_by_round() -> None:
    # The second round was disturbed for both in the same way.
    assert Figure((10.0, 5.0)).over(Figure((2.0, 1.0))).rounds == (5.0, 5.0)


@pytest.mark.parametrize(("share", "value"), [(0.0, 1), (0.5, 50), (0.99, 99), (1.0, 100)])
def test_a_percentile_is_a_measured_value(share: float, value: int) -> None:
    assert percentile(list(range(100, 0, -1)), share) == value


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (14_700.4, "14,700"), (230.4, "230"), (3.14159, "3.14"), (0.6543, "0.654")]
)
def test_a_number_is_short_in_a_table(value: float, text: str) -> None:
    assert short(value) == text
