"""Fail points: the plan decides what happens, and a point without a plan does nothing."""

import os
import re
import signal
from collections.abc import Iterator

import pytest

from service import failpoint


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    """Remove the plan after the test."""
    yield
    failpoint.arm("")


@pytest.fixture
def signals(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The signals that the process would have received."""
    sent: list[int] = []
    monkeypatch.setattr(os, "kill", lambda _, number: sent.append(number))
    return sent


def test_a_point_does_nothing_when_no_plan_is_armed(signals: list[int]) -> None:
    failpoint.passing("before_commit")
    assert signals == []


def test_the_process_is_killed_once_at_the_pass_that_the_plan_names(signals: list[int]) -> None:
    failpoint.arm("before_commit=kill@3")
    for expected in ([], [], [signal.SIGKILL], [signal.SIGKILL]):
        failpoint.passing("before_commit")
        assert signals == expected


def test_the_log_names_the_point_before_the_action(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # What the process has written by then is what others see while it is stopped.
    written: list[str] = []
    monkeypatch.setattr(os, "kill", lambda *_: written.append(capsys.readouterr().err))
    failpoint.arm("before_commit=stop")
    failpoint.passing("before_commit")
    [line] = written
    assert {"before_commit", "stop", "fail_point"} <= set(re.findall(r"\w+", line))


def test_two_points_have_separate_plans(signals: list[int]) -> None:
    failpoint.arm("after_commit=stop, mid_publish=block:0")
    failpoint.passing("mid_publish")
    failpoint.passing("after_commit")
    assert signals == [signal.SIGSTOP]


@pytest.mark.parametrize("text", ["nowhere=kill", "before_commit", "before_commit=explode", "mid_publish=kill@x"])
def test_a_malformed_plan_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a plan|invalid literal"):
        failpoint.arm(text)
