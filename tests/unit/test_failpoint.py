"""Fail points: what a plan says, and that an unarmed point is nothing."""

import os
import signal
from collections.abc import Iterator

import pytest

from service import failpoint


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    """Leave no plan behind."""
    yield
    failpoint.arm("")


@pytest.fixture
def signals(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Signals the process would have got."""
    sent: list[int] = []
    monkeypatch.setattr(os, "kill", lambda _, number: sent.append(number))
    return sent


def test_a_point_does_nothing_when_no_plan_is_armed(signals: list[int]) -> None:
    failpoint.passing("before_commit")
    assert signals == []


def test_the_process_is_killed_at_the_third_pass_and_not_again_when_the_plan_says_three(signals: list[int]) -> None:
    failpoint.arm("before_commit=kill@3")
    for expected in ([], [], [signal.SIGKILL], [signal.SIGKILL]):
        failpoint.passing("before_commit")
        assert signals == expected


def test_two_points_have_plans_of_their_own_when_both_are_armed(signals: list[int]) -> None:
    failpoint.arm("after_commit=stop, mid_publish=block:0")
    failpoint.passing("mid_publish")
    failpoint.passing("after_commit")
    assert signals == [signal.SIGSTOP]


@pytest.mark.parametrize("text", ["nowhere=kill", "before_commit", "before_commit=explode", "mid_publish=kill@x"])
def test_a_plan_is_refused_when_it_is_malformed(text: str) -> None:
    with pytest.raises(ValueError, match=r"no plan|invalid literal"):
        failpoint.arm(text)
