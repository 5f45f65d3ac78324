"""The rate limit refills with time, and its memory for callers is bounded."""

import pytest

from service.http.problem import HttpProblem
from service.http.rate import REMEMBERED_CALLERS, RateLimit


def test_bucket_refills_with_time() -> None:
    limit = RateLimit(0.5)
    limit.count("a", 100.0)
    with pytest.raises(HttpProblem) as refused:
        limit.count("a", 100.5)
    assert (refused.value.status, refused.value.headers["Retry-After"]) == (429, "2")
    limit.count("a", 102.0)


def test_oldest_callers_are_evicted_first() -> None:
    limit = RateLimit(1)
    for number in range(REMEMBERED_CALLERS + 1):
        limit.count(str(number), 100.0)
    limit.count("0", 100.0)
    with pytest.raises(HttpProblem):
        limit.count(str(REMEMBERED_CALLERS), 100.0)
