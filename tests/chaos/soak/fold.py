"""The checker of a soak: it checks the same guarantees record by record, with a few bytes per command.

Topics are processed one after the other: `command` for all records of the command topic, then `outcome`, then
`event`, each partition in order; `ended` compares the final state. All records of a code have the same key, so they
have one order.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import orjson

from tests.support.checker.evidence import Seen, Violation

EXAMPLES = 50
ACCEPTED = "producer-registry.command.accepted.v1"
REJECTED = "producer-registry.command.rejected.v1"


@dataclass(slots=True)
class Line:
    """A code: the numbers of its commands in the order of the log, and the position of each outcome and event.

    `accepted` are the numbers that must be accepted, in the order of the log; the event at index i has version i + 1.
    """

    log: array[int] = field(default_factory=lambda: array("I"))
    index: dict[int, int] | None = None
    accepted: array[int] = field(default_factory=lambda: array("I"))
    outcomes: array[int] = field(default_factory=lambda: array("q"))
    events: array[int] = field(default_factory=lambda: array("q"))
    seen: bytearray = field(default_factory=bytearray)


class Fold:
    """Finds violations; the first ones are stored in `examples`, all are counted by kind."""

    def __init__(self) -> None:
        self._lines: dict[int, Line] = {}
        self._copies: Counter[tuple[int, int]] = Counter()
        self._answers: dict[tuple[int, int], set[int]] = {}
        self.counts: Counter[str] = Counter()
        self.examples: list[Violation] = []
        self.records = self.commands = self.events = 0
        self.duplicates: Counter[str] = Counter()

    @property
    def good(self) -> bool:
        """Whether there is no violation."""
        return not self.counts

    def violation(self, kind: str, description: str) -> None:
        """Count a violation."""
        self.counts[kind] += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(Violation(kind, description))

    def command(self, seen: Seen) -> None:
        """Process a record of the command topic."""
        code, number, kind = seen.need("ce_id").split(".")
        line = self._lines.setdefault(int(code), Line())
        place = int(number)
        self.records += 1
        if len(line.seen) <= place:
            line.seen.extend(bytes(place + 64 - len(line.seen)))
        if line.seen[place]:
            self._copies[int(code), place] += 1
            return
        line.seen[place] = 1
        self.commands += 1
        line.log.append(place)
        if kind == "a":
            line.accepted.append(place)

    def outcome(self, seen: Seen) -> None:
        """Process a record of the outcome topic: first outcomes of a code must be in the order of its commands."""
        code, number, kind = orjson.loads(seen.value or b"")["command"]["id"].split(".")
        line, place = self._lines.get(int(code)), int(number)
        if line is None or place >= len(line.seen) or not line.seen[place]:
            return self.violation("phantom outcome", f"{seen.place} answers {code}.{number}, which was not sent")
        if seen.header("ce_type") != (ACCEPTED if kind == "a" else REJECTED):
            self.violation("wrong outcome", f"{seen.place} of {code}.{number}.{kind}: {seen.value!r}")
        at = len(line.outcomes)
        if at < len(line.log) and line.log[at] == place:
            line.outcomes.append(seen.sequence)
            return None
        if line.index is None:
            line.index = {number: at for at, number in enumerate(line.log)}
        before = line.index[place]
        if before > at:
            return self.violation("order of outcomes", f"{seen.place}: {code}.{number} before {code}.{line.log[at]}")
        if line.outcomes[before] == seen.sequence or seen.sequence in self._answers.get((int(code), place), ()):
            self.duplicates["outcomes"] += 1
        else:
            self._answers.setdefault((int(code), place), set()).add(seen.sequence)
        return None

    def event(self, seen: Seen) -> None:
        """Process a code event: each version of a code must occur once, in order, with the content of its command."""
        code, version = int((seen.header("ce_subject") or "").rpartition("-")[2]), int(seen.need("ce_entityversion"))
        line = self._lines.get(code)
        if line is None or version > len(line.accepted):
            return self.violation("phantom event", f"{seen.place}: version {version} of {code}")
        data = orjson.loads(seen.value or b"")
        if data["producerCode"].get("description") != str(line.accepted[version - 1]):
            number = line.accepted[version - 1]
            self.violation(
                "wrong event", f"{seen.place}: version {version} of {code} is not of {number}: {seen.value!r}"
            )
        at = len(line.events)
        if version == at + 1:
            line.events.append(seen.sequence)
            self.events += 1
        elif version > at + 1:
            self.violation("gap", f"{seen.place}: version {version} of {code} after {at}")
        elif line.events[version - 1] == seen.sequence:
            self.duplicates["events"] += 1
        else:
            self.violation("event written twice", f"{seen.place}: version {version} of {code}")
        return None

    def ended(self, sent: Mapping[int, int], rows: Mapping[int, tuple[int, str | None]], inbox: int) -> None:
        """Compare with the last sent number of each code, its row (version, description) and the inbox."""
        for violation in self._lost(sent):
            self.violation(violation.kind, violation.description)
        for code, line in self._lines.items():
            expected = (len(line.accepted), str(line.accepted[-1])) if line.accepted else None
            if rows.get(code) != expected:
                self.violation("state", f"code {code} is {rows.get(code)} by SQL, {expected} by the log")
        for code in rows.keys() - self._lines.keys():
            self.violation("state", f"code {code} exists without a command")
        if inbox != self.commands:
            self.violation("inbox", f"{inbox} command ids for {self.commands} commands")

    def _lost(self, sent: Mapping[int, int]) -> Iterator[Violation]:
        for code, last in sent.items():
            line = self._lines.get(code, Line())
            if len(line.log) != last:
                yield Violation("lost by the broker", f"code {code}: {last} sent, {len(line.log)} in the log")
            if len(line.outcomes) != len(line.log):
                yield Violation("lost outcome", f"code {code}: {len(line.outcomes)} of {len(line.log)}")
            if len(line.events) != len(line.accepted):
                yield Violation("lost event", f"code {code}: {len(line.events)} of {len(line.accepted)}")
            for name, positions in (("outcomes", line.outcomes), ("events", line.events)):
                if any(before >= after for before, after in pairwise(positions)):
                    yield Violation(f"order of {name}", f"positions of code {code} do not rise")
        for (code, number), copies in self._copies.items():
            if (answers := len(self._answers.pop((code, number), ()))) != copies:
                yield Violation("answers to repeats", f"{code}.{number}: {copies} repeats, {answers} more answers")
        for code, number in self._answers:
            yield Violation("decided again", f"{code}.{number} was sent once")
