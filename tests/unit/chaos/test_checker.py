"""The checker finds no violation in a perfect history, and each violation that is added to one."""

from collections.abc import Callable
from dataclasses import replace

import orjson
import pytest

from service.contract.topics import Topics
from tests.support.checker.evidence import Answer, Evidence, Seen
from tests.support.checker.verdict import check
from tests.unit.chaos.perfect import history, perfect

TOPICS = Topics("check")


@pytest.fixture
def evidence() -> Evidence:
    """A perfect history, long enough to have dead letters with every seed."""
    return perfect(history(7, TOPICS, commands=300), TOPICS)


def kinds(evidence: Evidence) -> set[str]:
    """Return the kinds of violations that the checker finds."""
    return {violation.kind for violation in check(evidence).violations}


@pytest.mark.parametrize("seed", range(20))
def test_a_perfect_history_has_no_violation(seed: int) -> None:
    verdict = check(perfect(history(seed, TOPICS, commands=300), TOPICS))
    assert not verdict.violations, str(verdict)
    assert verdict.duplicates == {"outcomes": 0, "events": 0, "states": 0, "dead letters": 0}
    assert verdict.statuses["accepted"] > 60
    assert verdict.statuses["rejected"] > 20
    assert verdict.statuses["unchanged"] > 0
    assert verdict.dead_letters > 0


def test_every_type_of_command_is_accepted_somewhere() -> None:
    accepted = {
        orjson.loads(seen.value or b"")["command"]["type"]
        for seen in perfect(history(1, TOPICS, commands=3000), TOPICS).outcomes
        if seen.header("ce_type") == "producer-registry.command.accepted.v1"
    }
    assert accepted == set(TOPICS.for_command)


def _end(records: list[Seen]) -> int:
    return 1 + max(seen.offset for seen in records)


def _with_header(seen: Seen, name: str, value: bytes) -> Seen:
    return replace(seen, headers=tuple((header, value if header == name else was) for header, was in seen.headers))


def _at(seen: Seen, position: int) -> Seen:
    return _with_header(seen, "ce_sequence", b"%020d" % position)


def _strange(seen: Seen) -> Seen:
    return _with_header(seen, "ce_id", b"strange")


def _doubled(records: list[Seen], index: int, *, at: int, changed: Callable[[Seen], Seen] = lambda seen: seen) -> None:
    records.append(replace(changed(records[index]), offset=at))


def test_a_raw_duplicate_is_only_counted(evidence: Evidence) -> None:
    _doubled(evidence.outcomes, 3, at=_end(evidence.outcomes))
    _doubled(evidence.events, 3, at=_end(evidence.events))
    verdict = check(evidence)
    assert not verdict.violations
    assert verdict.duplicates == {"outcomes": 1, "events": 1, "states": 0, "dead letters": 0}


def test_a_lost_outcome_is_found(evidence: Evidence) -> None:
    del evidence.outcomes[5]
    assert "lost outcome" in kinds(evidence)


def test_a_lost_answer_to_a_repeat_is_found(evidence: Evidence) -> None:
    seen_ids: set[str] = set()
    for index, seen in enumerate(evidence.outcomes):
        if seen.need("ce_id") in seen_ids:
            del evidence.outcomes[index]
            break
        seen_ids.add(seen.need("ce_id"))
    assert kinds(evidence) == {"lost answer"}


def test_a_second_outcome_with_other_data_is_found(evidence: Evidence) -> None:
    other = b'{"command": {}}'
    _doubled(evidence.outcomes, 4, at=_end(evidence.outcomes), changed=lambda s: replace(s, value=other))
    assert kinds(evidence) == {"two outcomes", "shared id"}


def test_a_record_that_was_decided_again_is_found(evidence: Evidence) -> None:
    _doubled(evidence.outcomes, 4, at=_end(evidence.outcomes), changed=lambda seen: _at(seen, 999_999))
    assert kinds(evidence) == {"decided again"}


def test_an_outcome_without_a_command_is_found(evidence: Evidence) -> None:
    _doubled(evidence.outcomes, 4, at=_end(evidence.outcomes), changed=_strange)
    assert kinds(evidence) == {"phantom outcome"}


def test_a_lost_event_is_found(evidence: Evidence) -> None:
    del evidence.events[8]
    assert "lost event" in kinds(evidence)


def _subject_with_versions(evidence: Evidence, count: int) -> list[int]:
    lines: dict[tuple[str, bytes | None], list[int]] = {}
    for index, seen in enumerate(evidence.events):
        lines.setdefault((seen.topic, seen.key), []).append(index)
    return next(line for line in lines.values() if len(line) >= count)


def test_a_gap_is_found(evidence: Evidence) -> None:
    line = _subject_with_versions(evidence, 3)
    del evidence.events[line[1]]
    assert {"lost event", "gap"} <= kinds(evidence)


def test_swapped_events_are_found(evidence: Evidence) -> None:
    one, other, *_ = _subject_with_versions(evidence, 3)
    first, second = evidence.events[one], evidence.events[other]
    evidence.events[one] = replace(second, offset=first.offset)
    evidence.events[other] = replace(first, offset=second.offset)
    assert "order of events" in kinds(evidence)


def test_an_event_without_a_command_is_found(evidence: Evidence) -> None:
    _doubled(evidence.events, 4, at=_end(evidence.events), changed=_strange)
    assert "phantom event" in kinds(evidence)


def test_an_event_with_other_data_is_found(evidence: Evidence) -> None:
    seen = evidence.events[4]
    evidence.events[4] = replace(seen, value=(seen.value or b"").replace(b'"version":1', b'"version":2'))
    assert "wrong event" in kinds(evidence)


def test_decisions_in_another_order_than_the_log_are_found(evidence: Evidence) -> None:
    ids = [seen.need("ce_id") for seen in evidence.outcomes]
    once = [index for index, seen in enumerate(evidence.outcomes) if seen.key == b"acv" and ids.count(ids[index]) == 1]
    one, other = [index for index in once if b"producer-registry.user." in (evidence.outcomes[index].value or b"")][-2:]
    swapped = {one: evidence.outcomes[other].sequence, other: evidence.outcomes[one].sequence}
    for index, position in swapped.items():
        evidence.outcomes[index] = _at(evidence.outcomes[index], position)
    assert "order of decisions" in kinds(evidence)


def test_lost_changed_and_unexpected_dead_letters_are_found(evidence: Evidence) -> None:
    letters = evidence.dead_letters
    lost = letters.pop()
    assert kinds(evidence) == {"lost dead letter"}
    letters.append(replace(lost, value=b"changed"))
    assert kinds(evidence) == {"changed dead letter"}
    letters[-1] = lost
    letters.append(replace(lost, offset=10**6, headers=(*lost.headers[:-6], ("x", b"1"))))
    assert kinds(evidence) == {"phantom dead letter"}


def test_a_row_that_differs_is_found(evidence: Evidence) -> None:
    assert evidence.database is not None
    world = evidence.database.world
    group = next(iter(world.groups.values()))
    world.groups[group.id] = replace(group, version=group.version + 1)
    assert kinds(evidence) == {"state"}


def test_unfinished_work_is_found(evidence: Evidence) -> None:
    database = evidence.database
    assert database is not None
    place = next(iter(database.marks))
    evidence.database = replace(database, outbox_rows=1, marks={**database.marks, place: 0}, strays=["a row"])
    evidence.committed = {}
    assert kinds(evidence) == {"outbox", "mark", "lag", "stray row"}


def test_an_inbox_that_differs_is_found(evidence: Evidence) -> None:
    database = evidence.database
    assert database is not None
    key = next(iter(database.inbox))
    evidence.database = replace(database, inbox={k: v for k, v in database.inbox.items() if k != key})
    assert kinds(evidence) == {"inbox"}


def test_a_decreasing_version_in_an_answer_is_found(evidence: Evidence) -> None:
    evidence.answers = [Answer("r", "g", 200, 3), Answer("q", "g", 200, 1), Answer("r", "g", 503, None)]
    assert not kinds(evidence)
    evidence.answers = [*evidence.answers, Answer("r", "g", 200, 2)]
    assert kinds(evidence) == {"answer went back"}


def test_an_answer_that_is_an_error_is_found(evidence: Evidence) -> None:
    evidence.answers = [Answer("r", "g", status, None) for status in (0, 401, 503, 504)]
    assert not kinds(evidence)
    evidence.answers = [*evidence.answers, Answer("r", "g", 500, None)]
    assert kinds(evidence) == {"answer is an error"}


def test_a_record_that_the_broker_lost_is_found(evidence: Evidence) -> None:
    evidence.sent[3].place = "nowhere:0:0"
    assert kinds(evidence) == {"lost by the broker"}
