"""Ids of commands that come without one, derived from the content of their rows.

A row has the same id in each file that contains it, so that a corrected file can be sent again: its unchanged rows are
duplicates.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import orjson

# Attributes that say how and when the event was written, not what the command does.
_WITHOUT_MEANING = frozenset({"specversion", "datacontenttype", "time", "traceparent", "tracestate"})


@dataclass(frozen=True, slots=True)
class RowId:
    """The parts of a derived id.

    `content` is the hash of type and content of the row, `occurrence` counts equal rows of a file from 0, and `attempt`
    counts how often the row was sent after a rejection.
    """

    content: str
    occurrence: int
    series: str
    attempt: int = 0

    def text(self) -> str:
        """Return the id."""
        name = f"{self.content} {self.occurrence} {self.series} {self.attempt}"
        return sha256(name.encode()).hexdigest()[:32]

    def next_attempt(self) -> "RowId":
        """Return the parts of the next attempt."""
        return replace(self, attempt=self.attempt + 1)


class RowIds:
    """Derives the ids of the rows of one file. The order of attributes and fields, and of other rows, has no effect."""

    def __init__(self, series: str = "") -> None:
        self._series = series
        self._occurrences: Counter[str] = Counter()

    def first(self, event: Mapping[str, Any]) -> RowId:
        """Return the id of the first attempt of a row."""
        meant = {name: value for name, value in event.items() if name not in _WITHOUT_MEANING}
        content = sha256(orjson.dumps(meant, option=orjson.OPT_SORT_KEYS)).hexdigest()
        occurrence = self._occurrences[content]
        self._occurrences[content] += 1
        return RowId(content, occurrence, self._series)
