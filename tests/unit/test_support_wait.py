"""The helper that tests use to wait for a condition."""

import pytest

from tests.support.wait import eventually, pause_after


async def test_the_first_true_value_is_returned() -> None:
    values = iter([0, 0, 7])
    assert await eventually(lambda: next(values)) == 7


async def test_a_condition_may_be_a_coroutine_and_may_fail_at_first() -> None:
    seen: list[int] = []

    async def condition() -> bool:
        seen.append(1)
        assert len(seen) > 2, "too early"
        return True

    assert await eventually(condition)


async def test_the_error_at_the_deadline_names_what_is_missing() -> None:
    with pytest.raises(AssertionError, match="the outcome did not come within 0 seconds; at last: 0"):
        await eventually(lambda: 0, deadline=0, what="the outcome")


@pytest.mark.parametrize(("seconds", "pause"), [(0, 0.02), (0.2, 0.02), (0.5, 0.05), (1, 0.1), (30, 0.1)])
def test_the_pause_grows_in_a_long_wait(seconds: float, pause: float) -> None:
    assert pause_after(seconds) == pytest.approx(pause)
