"""The checker of a soak finds no violation in a perfect history, and each one that is added; also checks of sizes."""

from collections.abc import Callable
from dataclasses import replace

import orjson
import pytest

from service.contract.topics import Topics
from tests.chaos.soak.fold import ACCEPTED, REJECTED, Fold
from tests.chaos.soak.stream import Sender, code_id
from tests.chaos.soak.verdict import Tally, empty_limit, never_empty, report, stop_reason
from tests.chaos.soak.watch import MEBIBYTE, Growth, Sample, growth
from tests.support.checker.evidence import Seen

CODES = 5
Topic = list[Seen]
Rows = dict[int, tuple[int, str | None]]


class History:
    """The records and rows of a registry without faults, for a sender's commands."""

    def __init__(self) -> None:
        sender = Sender(Topics("soak"), range(CODES), "1")
        self.commands: Topic = []
        self.outcomes: Topic = []
        self.events: Topic = []
        self.rows: Rows = {}
        decided: set[str] = set()
        for offset in range(3000):
            sent = sender.next()
            self.commands.append(Seen(sent.topic, 0, offset, sent.key, sent.value, sent.headers))
            id_ = self.commands[-1].need("ce_id")
            code, number, kind = id_.split(".")
            if kind == "a" and id_ not in decided:
                version = self.rows.get(int(code), (0, ""))[0] + 1
                self.rows[int(code)] = version, number
                self._say(self.events, code, {"producerCode": {"description": number}}, ce_entityversion=str(version))
            decided.add(id_)
            status = ACCEPTED if kind == "a" else REJECTED
            self._say(self.outcomes, code, {"command": {"id": id_}}, ce_type=status)
        self.sent = dict(sender.numbers)
        self.inbox = len(decided)

    def _say(self, topic: Topic, code: str, data: object, **headers: str) -> None:
        reported = {
            "ce_subject": code_id(int(code)),
            "ce_sequence": str(len(self.events) + len(self.outcomes)),
            **headers,
        }
        pairs = tuple((name, value.encode()) for name, value in reported.items())
        topic.append(Seen("out", 0, len(topic), code_id(int(code)).encode(), orjson.dumps(data), pairs))

    def fold(self) -> Fold:
        """Return the checker after it has processed the history."""
        fold = Fold()
        for topic, take in ((self.commands, fold.command), (self.outcomes, fold.outcome), (self.events, fold.event)):
            for seen in topic:
                take(seen)
        fold.ended(self.sent, self.rows, self.inbox)
        return fold


def _neighbours(topic: Topic) -> tuple[int, int]:
    """Return the positions of two consecutive records of one code, in the middle of the topic."""
    first = len(topic) // 2
    second = next(at for at in range(first + 1, len(topic)) if topic[at].key == topic[first].key)
    return first, second


def _swap(topic: Topic) -> None:
    first, second = _neighbours(topic)
    topic[first], topic[second] = topic[second], topic[first]


def _decide_again(topic: Topic) -> None:
    seen = topic[100]
    headers = tuple((name, b"999999" if name == "ce_sequence" else value) for name, value in seen.headers)
    topic.append(replace(seen, headers=headers))


def _change(topic: Topic) -> None:
    topic[100] = replace(topic[100], value=orjson.dumps({"producerCode": {"description": "x"}}))


def _set_back(history: History) -> None:
    history.rows[1] = history.rows[1][0] - 1, history.rows[1][1]


PLANTED: dict[str, tuple[Callable[[History], object], set[str]]] = {
    "lost command": (lambda h: h.commands.pop(_neighbours(h.commands)[0]), {"lost by the broker"}),
    "lost outcome": (lambda h: h.outcomes.pop(1500), {"order of outcomes", "lost outcome"}),
    "lost last outcome": (lambda h: h.outcomes.pop(), {"lost outcome", "answers to repeats"}),
    "swapped outcomes": (lambda h: _swap(h.outcomes), {"order of outcomes"}),
    "decided again": (lambda h: _decide_again(h.outcomes), {"decided again"}),
    "lost event": (lambda h: h.events.pop(100), {"gap", "lost event"}),
    "lost last event": (lambda h: h.events.pop(), {"lost event"}),
    "swapped events": (lambda h: _swap(h.events), {"gap", "order of events"}),
    "event written twice": (lambda h: _decide_again(h.events), {"event written twice"}),
    "changed event": (lambda h: _change(h.events), {"wrong event"}),
    "row set back": (_set_back, {"state"}),
    "forgotten command": (lambda h: setattr(h, "inbox", h.inbox - 1), {"inbox"}),
}


def test_a_perfect_history_has_no_violation() -> None:
    fold = History().fold()
    assert fold.good, fold.examples
    assert fold.commands < fold.records == 3000
    assert not fold.duplicates


def test_a_raw_duplicate_is_only_counted() -> None:
    history = History()
    history.outcomes.append(history.outcomes[100])
    history.events.append(history.events[100])
    fold = history.fold()
    assert fold.good, fold.examples
    assert fold.duplicates == {"outcomes": 1, "events": 1}


@pytest.mark.parametrize("name", PLANTED)
def test_each_added_violation_is_found(name: str) -> None:
    plant, expected = PLANTED[name]
    history = History()
    plant(history)
    assert set(history.fold().counts) & expected, name


@pytest.mark.parametrize(("last", "flat"), [(100, True), (110, True), (111, False), (50, True)])
def test_memory_is_stable_when_it_grew_by_at_most_a_tenth(last: int, flat: bool) -> None:
    warm = [(float(at), 900 * MEBIBYTE) for at in range(0, 60, 5)]
    series = [(60.0 + at, (100 if at < 300 else last) * MEBIBYTE) for at in range(0, 600, 5)]
    found = growth("service", warm + series, warm_up=60)
    assert found is not None
    assert (found.first, found.last, found.stable) == (100, last, flat)


def test_memory_is_not_reported_for_a_process_that_ran_too_short() -> None:
    assert growth("service", [(0.0, 1), (5.0, 1)], warm_up=60) is None


EVERY_FIVE_SECONDS = [at / 60 for at in range(0, 600, 5)]


def _samples(rows: Callable[[float], int]) -> list[Sample]:
    return [Sample(minutes, rows(minutes), 100, 100, ()) for minutes in EVERY_FIVE_SECONDS]


def test_an_outbox_that_empties_between_faults_is_no_error() -> None:
    # Full for a minute and a half, empty once, full again.
    assert never_empty(_samples(lambda minutes: 0 if minutes % 2 == 1.5 else 90_000), empty_limit(3000)) == []


def test_an_outbox_that_does_not_empty_for_two_minutes_is_an_error() -> None:
    assert never_empty(_samples(lambda minutes: 40_000 if 4 <= minutes < 6 else 10), empty_limit(3000)) == [
        "the outbox always had at least 40,000 rows, more than the limit of 6,000, from minute 4 to 6"
    ]


def test_an_outbox_that_only_grows_is_an_error_even_in_a_short_soak() -> None:
    growing = _samples(lambda minutes: int(minutes * 100_000) + 8000)
    assert len(never_empty(growing, empty_limit(3000))) == 4
    assert len(never_empty([sample for sample in growing if sample.minutes < 1], empty_limit(3000))) == 1


def test_an_outbox_that_was_not_counted_does_not_count_as_empty() -> None:
    away = [replace(sample, counted=not 2 <= sample.minutes < 4) for sample in _samples(lambda _: 0)]
    assert never_empty(away, empty_limit(3000)) == ["the outbox was never counted from minute 2 to 4"]


def test_a_soak_that_stops_because_of_the_brokers_memory_is_not_good() -> None:
    *_, last = samples = _samples(lambda _: 0)
    flat = Growth("service", 9, 100, 100)
    lines: list[str] = []
    assert stop_reason(last, 30, gib=12) is None
    assert report(History().fold(), Tally(), samples, flat, lines.append)

    why = stop_reason(replace(last, broker=12 * 1024 + 1), 30, gib=12)

    assert why is not None
    assert why.startswith("stopped after 9.9 of 30 minutes")
    assert not report(History().fold(), Tally(troubles=[why]), samples, flat, lines.append)
    assert f"  error: {why}" in lines
