"""The checker in runs whose commands wait for their references."""

from dataclasses import replace
from datetime import datetime
from itertools import pairwise

import pytest

from service.contract.topics import Topics
from tests.support.checker.evidence import Evidence
from tests.support.checker.verdict import check
from tests.unit.chaos.perfect import TIME, history, perfect

TOPICS = Topics("check")
DECIDED = int(datetime.fromisoformat(TIME).timestamp() * 1000)
WAIT_SECONDS = 4.0


@pytest.fixture
def evidence() -> Evidence:
    """A perfect history, in which all commands were decided at the end of their time to wait."""
    evidence = perfect(history(7, TOPICS, commands=300), TOPICS)
    sent_at = DECIDED - int(WAIT_SECONDS * 1000)
    commands = [replace(seen, timestamp=sent_at) for seen in evidence.commands]
    return replace(evidence, commands=commands, reference_wait_seconds=WAIT_SECONDS)


def kinds(evidence: Evidence) -> list[str]:
    """Return the kinds of violations that the checker finds."""
    return [violation.kind for violation in check(evidence).violations]


def test_a_rejection_after_the_time_to_wait_is_no_violation(evidence: Evidence) -> None:
    assert kinds(evidence) == []


def test_a_rejection_for_missing_references_before_the_time_is_over_is_found(evidence: Evidence) -> None:
    evidence.commands[:] = [replace(seen, timestamp=seen.timestamp + 1) for seen in evidence.commands]
    found = kinds(evidence)
    assert set(found) == {"rejected early"}
    only = b'"code":"reference-not-found","title"'
    assert len(found) >= sum(only in (seen.value or b"") for seen in evidence.outcomes) / 4
    assert kinds(replace(evidence, reference_wait_seconds=0.0)) == []


def test_the_order_of_decisions_is_that_of_each_subject(evidence: Evidence) -> None:
    # Two commands that follow each other in a partition and are rejected: neither changes the state for the other.
    of_key = [index for index, seen in enumerate(evidence.outcomes) if seen.key == b"acv"]
    ids = [seen.need("ce_id") for seen in evidence.outcomes]
    one, other = next(
        (one, other)
        for one, other in pairwise(of_key)
        if all(b'"problem"' in (evidence.outcomes[n].value or b"") and ids.count(ids[n]) == 1 for n in (one, other))
        and evidence.outcomes[one].header("ce_subject") != evidence.outcomes[other].header("ce_subject")
    )
    swapped = {one: evidence.outcomes[other].sequence, other: evidence.outcomes[one].sequence}
    for index, position in swapped.items():
        seen = evidence.outcomes[index]
        headers = [(n, b"%020d" % position if n == "ce_sequence" else v) for n, v in seen.headers]
        evidence.outcomes[index] = replace(seen, headers=tuple(headers))
    assert "order of decisions" not in kinds(evidence)
    assert "order of decisions" in kinds(replace(evidence, reference_wait_seconds=0.0))
