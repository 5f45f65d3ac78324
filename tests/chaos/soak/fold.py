"""The checker of a soak: the same promises, told record by record, with a few bytes per command.

Topics are folded one after the other: `command` for all records of the command topic, then `outcome`, then `event`,
each partition in its order; `ended` compares the rest. All records of a code have one key, so they have one order.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import orjson

from tests.support.checker.evidence import Seen, Violation

KEPT = 50
ACCEPTED = "producer-registry.command.accepted.v1"
REJECTED = "producer-registry.command.rejected.v1"


@dataclass(slots=True)
class Line:
    """One code: its commands in the order of the log by number, and the position of each outcome and event.

    `accepted` are the numbers that must be accepted, in the order of the log; the event at index i has version i + 1.
    """

    log: array[int] = field(default_factory=lambda: array("I"))
    index: dict[int, int] | None = None
    accepted: array[int] = field(default_factory=lambda: array("I"))
    outcomes: array[int] = field(default_factory=lambda: array("q"))
    events: array[int] = field(default_factory=lambda: array("q"))
    seen: bytearray = field(default_factory=bytearray)


class Fold:
    """Finds broken promises; the first ones are kept in words, all are counted by kind."""

    def __init__(self) -> None:
        self._lines: dict[int, Line] = {}
        self._copies: Counter[tuple[int, int]] = Counter()
        self._answers: dict[tuple[int, int], set[int]] = {}
        self.counts: Counter[str] = Counter()
        self.kept: list[Violation] = []
        self.records = self.commands = self.events = 0
        self.duplicates: Counter[str] = Counter()

    @property
    def good(self) -> bool:
        """Whether no promise was broken."""
        return not self.counts

    def reported(self, kind: str, words: str) -> None:
        """Count a broken promise."""
        self.counts[kind] += 1
        if len(self.kept) < KEPT:
            self.kept.append(Violation(kind, words))

    def command(self, seen: Seen) -> None:
        """A record of the command topic."""
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
        """A record of the outcome topic: the first ones of a code come in the order of its log."""
        code, number, kind = orjson.loads(seen.value or b"")["command"]["id"].split(".")
        line, place = self._lines.get(int(code)), int(number)
        if line is None or place >= len(line.seen) or not line.seen[place]:
            return self.reported("phantom outcome", f"{seen.place} answers {code}.{number}, which nobody sent")
        if seen.header("ce_type") != (ACCEPTED if kind == "a" else REJECTED):
            self.reported("wrong outcome", f"{seen.place} of {code}.{number}.{kind}: {seen.value!r}")
        at = len(line.outcomes)
        if at < len(line.log) and line.log[at] == place:
            line.outcomes.append(seen.sequence)
            return None
        if line.index is None:
            line.index = {number: at for at, number in enumerate(line.log)}
        before = line.index[place]
        if before > at:
            return self.reported("order of outcomes", f"{seen.place}: {code}.{number} before {code}.{line.log[at]}")
        if line.outcomes[before] == seen.sequence or seen.sequence in self._answers.get((int(code), place), ()):
            self.duplicates["outcomes"] += 1
        else:
            self._answers.setdefault((int(code), place), set()).add(seen.sequence)
        return None

    def event(self, seen: Seen) -> None:
        """A record of the topic of code events: each version of a code once, in order, saying what its command said."""
        code, version = int((seen.header("ce_subject") or "").rpartition("-")[2]), int(seen.need("ce_entityversion"))
        line = self._lines.get(code)
        if line is None or version > len(line.accepted):
            return self.reported("phantom event", f"{seen.place}: version {version} of {code}")
        data = orjson.loads(seen.value or b"")
        if data["producerCode"].get("description") != str(line.accepted[version - 1]):
            number = line.accepted[version - 1]
            self.reported(
                "wrong event", f"{seen.place}: version {version} of {code} is not of {number}: {seen.value!r}"
            )
        at = len(line.events)
        if version == at + 1:
            line.events.append(seen.sequence)
            self.events += 1
        elif version > at + 1:
            self.reported("gap", f"{seen.place}: version {version} of {code} behind {at}")
        elif line.events[version - 1] == seen.sequence:
            self.duplicates["events"] += 1
        else:
            self.reported("event written twice", f"{seen.place}: version {version} of {code}")
        return None

    def ended(self, sent: Mapping[int, int], rows: Mapping[int, tuple[int, str | None]], inbox: int) -> None:
        """Compare with the last number sent of each code, with its row (version, description) and the inbox."""
        for violation in self._lost(sent):
            self.reported(violation.kind, violation.words)
        for code, line in self._lines.items():
            wanted = (len(line.accepted), str(line.accepted[-1])) if line.accepted else None
            if rows.get(code) != wanted:
                self.reported("state", f"code {code} is {rows.get(code)} by SQL, {wanted} by the log")
        for code in rows.keys() - self._lines.keys():
            self.reported("state", f"code {code} is there without a command")
        if inbox != self.commands:
            self.reported("inbox", f"{inbox} command ids for {self.commands} commands")

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
