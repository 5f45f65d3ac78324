"""A limit on how often one caller may ask: a bucket of tokens per caller."""

import math
from collections import OrderedDict
from typing import Final

from service.http.problem import Error, HttpProblem

REMEMBERED_CALLERS: Final = 10_000


class RateLimit:
    """So many requests a second per caller, a second's worth at once; 0 sets no limit."""

    def __init__(self, per_second: float) -> None:
        self._rate = per_second
        self._burst = max(1.0, per_second)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def count(self, subject: str, now: float) -> None:
        """Count one request at `now` (seconds, monotonic); raises a 429 when it is one too many."""
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
            error = Error("too-many-requests", f"At most {self._rate:g} requests a second.")
            raise HttpProblem(429, [error], {"Retry-After": str(seconds)})
