"""The checker finds each wrong response that is planted in the responses to writes over HTTP."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from service.contract.http_source import API, PUBLISHED_BY
from service.contract.sending import command_event, command_record
from service.contract.topics import Topics
from tests.support.checker.evidence import Evidence, Response, Sent, Write
from tests.support.checker.verdict import check
from tests.unit.chaos.perfect import history, perfect

TOPICS = Topics("check")
SOURCE = "/http/ann"
CODE = "armstrong-code-fixed"
ROLE = [{"id": "producer"}]


def command(key: str, kind: str, subject: str, **data: object) -> Sent:
    """A command as the API publishes it; it has no marker of a driver."""
    more = {PUBLISHED_BY: API}
    event = command_event(kind, data, id=key, source=SOURCE, subject=subject, partitionkey="armstrong", **more)
    record = command_record(event, TOPICS)
    return Sent("", record.topic, record.key, record.value, tuple(record.headers))


COMMANDS = (
    command("created", "producer-code.create", "new", code="new", organization={"id": "armstrong"}, roles=ROLE),
    command("changed", "producer-code.update", "new", description="text"),
    command("unchanged", "producer-code.update", "new", description="text"),
    command("taken", "producer-code.create", "other", code="new", organization={"id": "armstrong"}, roles=ROLE),
    command("late", "producer-code.update", "new", description="later"),
)


@pytest.fixture
def evidence() -> Evidence:
    """A perfect history with commands from HTTP at its end, and true responses."""
    sent = history(7, TOPICS, commands=60)
    evidence = perfect([*sent, *COMMANDS], TOPICS)
    evidence.sent = sent
    maybe, nothing = Response(503, "It may still be decided"), Response(503, "Nothing was published.")
    evidence.writes = [
        Write(SOURCE, "created", [maybe, Response(201, version=1), Response(201, version=2, replayed=True)]),
        Write(SOURCE, "changed", [nothing, Response(0), Response(200, version=2)]),
        Write(SOURCE, "unchanged", [Response(200, version=3)]),
        Write(SOURCE, "taken", [Response(409), Response(409, replayed=True)]),
        Write(SOURCE, "late", [Response(202, place=COMMANDS[4].place)], state="accepted"),
        Write(SOURCE, "invalid", [Response(422), Response(422)]),
        Write(SOURCE, "never", [nothing, nothing]),
    ]
    return evidence


def kinds(evidence: Evidence) -> set[str]:
    """Return the kinds of violations that the checker finds."""
    return {violation.kind for violation in check(evidence).violations}


def test_true_responses_have_no_violation(evidence: Evidence) -> None:
    assert not check(evidence).violations


def test_a_repeat_may_find_that_an_association_was_removed(evidence: Evidence) -> None:
    evidence.writes[0].responses[2] = Response(404, replayed=True)
    evidence.writes[0].vanishes = True
    assert not check(evidence).violations


@pytest.mark.parametrize(
    ("key", "response", "kind"),
    [
        ("taken", Response(201), "success without an outcome"),
        ("taken", Response(200), "success without an outcome"),
        ("taken", Response(204), "success without an outcome"),
        ("unchanged", Response(201), "success without an outcome"),
        ("invalid", Response(200), "success without an outcome"),
        ("created", Response(409), "refusal of an accepted command"),
        ("changed", Response(404), "refusal of an accepted command"),
        ("late", Response(202, place="check.commands.v1:0:999"), "202 without a command"),
        ("never", Response(202, place=None), "202 without a command"),
        ("invalid", Response(503, "The command is decided: repeat"), "503 without an outcome"),
        ("created", Response(500, "An internal error occurred."), "response is an error"),
        ("created", Response(405), "response is an error"),
        ("invalid", Response(500, "The registry keeps it for its operator."), "response is an error"),
        ("changed", Response(200, version=1), "response before its outcome"),
    ],
)
def test_a_wrong_response_is_found(evidence: Evidence, key: str, response: Response, kind: str) -> None:
    # A history without dead letters.
    evidence.dead_letters = []
    [write] = [write for write in evidence.writes if write.key == key]
    write.responses = [response]
    assert kind in kinds(evidence)


def _states(evidence: Evidence) -> None:
    evidence.writes[4].state = "rejected"


def _other_status(evidence: Evidence) -> None:
    evidence.writes[0].responses[2] = replace(evidence.writes[0].responses[2], status=200)


def _vanished(evidence: Evidence) -> None:
    evidence.writes[0].responses[2] = Response(404, replayed=True)


def _unmarked(evidence: Evidence) -> None:
    evidence.writes[3].responses[1] = Response(409)


def _published(evidence: Evidence) -> None:
    evidence.writes[1].responses = [Response(503, "Nothing was published.")]


def _not_in_the_inbox(evidence: Evidence) -> None:
    assert evidence.database is not None
    inbox = {key: status for key, status in evidence.database.inbox.items() if key[1] != "created"}
    evidence.database = replace(evidence.database, inbox=inbox)


def _undecided(evidence: Evidence) -> None:
    evidence.outcomes = [seen for seen in evidence.outcomes if b'"late"' not in (seen.value or b"")]


def _unknown(evidence: Evidence) -> None:
    evidence.writes = evidence.writes[1:]


def _decided_twice(evidence: Evidence) -> None:
    index = next(n for n, seen in enumerate(evidence.events) if seen.header("ce_causationid") == "created")
    seen = evidence.events[index]
    headers = tuple((name, b"other" if name == "ce_id" else value) for name, value in seen.headers)
    evidence.events.append(replace(seen, offset=10**6, headers=headers))


def _decided_again(evidence: Evidence) -> None:
    index = next(n for n, seen in enumerate(evidence.outcomes) if b'"id":"created"' in (seen.value or b""))
    seen = evidence.outcomes[index]
    headers = tuple((name, b"%020d" % 10**9 if name == "ce_sequence" else value) for name, value in seen.headers)
    evidence.outcomes.append(replace(seen, offset=10**6, headers=headers))


@pytest.mark.parametrize(
    ("plant", "kind"),
    [
        (_states, "wrong state"),
        (_other_status, "repeat with another status"),
        (_vanished, "repeat with another status"),
        (_unmarked, "repeat that is not marked"),
        (_published, "published after all"),
        (_not_in_the_inbox, "success without an outcome"),
        (_undecided, "202 without an outcome"),
        (_unknown, "unknown record"),
        (_decided_twice, "key decided twice"),
        (_decided_again, "decided again"),
    ],
)
def test_a_planted_violation_is_found(evidence: Evidence, plant: Callable[[Evidence], None], kind: str) -> None:
    plant(evidence)
    assert kind in kinds(evidence)
