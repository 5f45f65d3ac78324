"""The one way tests wait."""

import pytest

from tests.support.wait import eventually


async def test_the_first_true_value_is_returned() -> None:
    values = iter([0, 0, 7])
    assert await eventually(lambda: next(values)) == 7


async def test_a_condition_may_be_awaited_and_may_fail_for_a_while() -> None:
    seen: list[int] = []

    async def condition() -> bool:
        seen.append(1)
        assert len(seen) > 2, "too early"
        return True

    assert await eventually(condition)


async def test_the_deadline_says_what_did_not_come() -> None:
    with pytest.raises(AssertionError, match="the outcome did not come within 0 seconds; at last: 0"):
        await eventually(lambda: 0, deadline=0, what="the outcome")
