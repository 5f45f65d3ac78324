"""A rate limit per caller, implemented as token buckets."""

import math
from collections import OrderedDict
from typing import Final

from service.http.problem import Error, HttpProblem

REMEMBERED_CALLERS: Final = 10_000


class RateLimit:
    """Allow `per_second` requests per caller and second, with bursts of one second's requests; 0 disables the limit."""

    def __init__(self, per_second: float) -> None:
        self._rate = per_second
        self._burst = max(1.0, per_second)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def count(self, subject: str, now: float) -> None:
        """Count one request at `now` (monotonic seconds); raise a 429 if it exceeds the limit."""
        if self._rate <= 0:
            return
        tokens, since = self._buckets.pop(subject, (self._burst, now))
        tokens = min(self._burst, tokens + (now - since) * self._rate)
        allowed = tokens >= 1
        self._buckets[subject] = (tokens - allowed, now)
        if len(self._buckets) > REMEMBERED_CALLERS:
            self._buckets.popitem(last=False)
        if not allowed:
            seconds = math.ceil((1 - tokens) / self._rate)
            error = Error("too-many-requests", f"At most {self._rate:g} requests per second are allowed.")
            raise HttpProblem(429, [error], {"Retry-After": str(seconds)})
