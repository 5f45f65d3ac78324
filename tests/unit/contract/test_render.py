"""Events and outcomes as messages: keys, headers, order, ids."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import get_args

import orjson
import pytest

from service.contract.catalogue import REJECTIONS
from service.contract.change import change
from service.contract.envelope import Limits, Received, parse
from service.contract.message import Message, shard_of
from service.contract.render import render, repeat_outcome
from service.contract.snapshot import Held, association_message, state_message
from service.core.batch import World, decide_batch
from service.core.decision import Decision, Event, Problem
from service.core.user import UserUpdated
from tests.support.asked import commands
from tests.support.history import foundation, history
from tests.support.record import FakeRecord
from tests.unit.contract import seed
from tests.unit.contract.support import AT, TOPICS, binary, received, record

UPDATED = seed.EVENTS["user.updated"]
assert isinstance(UPDATED, UserUpdated)
ACCEPTED = Decision("accepted", 2, UPDATED, ())
UNCHANGED = Decision("unchanged", 1, None, ())
REJECTED = Decision("rejected", None, None, (Problem("code-taken", "Taken.", "/code"),))


def rendered(one: FakeRecord, decision: Decision, position: int = 7) -> list[Message]:
    """Return the messages of a decision on a record's command."""
    return render(received(one), decision, position, AT, TOPICS)


def headers(message: Message) -> dict[str, bytes | None]:
    """Return the headers by name; names must be unique."""
    by_name = dict(message.headers)
    assert len(by_name) == len(message.headers)
    return by_name


def test_every_event_of_the_core_is_rendered() -> None:
    kinds = {type(event) for event in seed.EVENTS.values()}
    assert kinds == set(get_args(Event))


@pytest.mark.parametrize("event", seed.EVENTS.values(), ids=seed.EVENTS.keys())
def test_key_and_shard_of_an_event_are_those_of_its_subject(event: Event) -> None:
    message = rendered(binary(), Decision("accepted", 2, event, ()))[0]
    subject = message.aggregateid.encode()
    assert message.key == subject
    assert headers(message)["ce_subject"] == subject
    assert headers(message)["ce_partitionkey"] == subject
    assert message.shard == shard_of(subject)
    assert message.topic == TOPICS.events[message.aggregatetype]  # type: ignore[index]  # a plain string in the outbox


def test_event_and_outcome_have_consecutive_positions() -> None:
    event, outcome = rendered(binary(), ACCEPTED, 41)
    assert (event.position, outcome.position) == (41, 42)
    assert headers(event)["ce_sequence"] == b"00000000000000000041"
    assert headers(outcome)["ce_sequence"] == b"00000000000000000042"
    assert outcome.topic == TOPICS.outcomes


@pytest.mark.parametrize("decision", [UNCHANGED, REJECTED])
def test_a_decision_without_event_has_only_an_outcome(decision: Decision) -> None:
    (outcome,) = rendered(binary(), decision)
    assert outcome.type == f"producer-registry.command.{decision.status}.v1"
    assert orjson.loads(outcome.payload or b"")["events"] == []


def test_the_same_content_keeps_its_ids() -> None:
    event, outcome = rendered(binary(), ACCEPTED, 7)
    again, outcome_again = render(received(binary()), ACCEPTED, 7_000, "2026-12-24T00:00:00.000000Z", TOPICS)
    assert (event.id, outcome.id) == (again.id, outcome_again.id)
    assert orjson.loads(outcome.payload or b"")["events"] == [event.id]


@pytest.mark.parametrize(
    "other",
    [
        Decision("accepted", 3, replace(UPDATED, after=replace(UPDATED.after, version=3)), ()),
        Decision("accepted", 2, replace(UPDATED, after=replace(UPDATED.after, name="Other")), ()),
    ],
    ids=["version", "data"],
)
def test_other_content_of_the_same_command_has_other_ids(other: Decision) -> None:
    ids = [message.id for decision in (ACCEPTED, other) for message in rendered(binary(), decision)]
    assert len(set(ids)) == 4


def test_two_different_outcomes_of_a_command_never_share_an_id() -> None:
    other = Decision("rejected", None, None, (Problem("code-taken", "Taken.", "/other"),))
    outcomes = [rendered(binary(), decision)[-1] for decision in (ACCEPTED, UNCHANGED, REJECTED, other)]
    assert len({outcome.id for outcome in outcomes}) == 4


def test_snapshots_of_one_resend_have_different_ids_and_those_of_the_next_one_new_ones() -> None:
    held = (Held(seed.RAY_HOLDS, "301-008578", 5), Held(replace(seed.RAY_HOLDS, id="other"), "301-008578", 5))
    ids = [association_message(one, run, 7, AT, TOPICS).id for run in ("run-1", "run-2") for one in held]
    ids += [state_message(seed.STATES[0], run, 7, AT, TOPICS).id for run in ("run-1", "run-2")]
    assert len(set(ids)) == 6


def test_outcome_has_the_key_of_the_command() -> None:
    one = binary()
    for key, partition_key in ((b"pc:1", b"pc:1"), (b"", None), (b"\xff\x00", None), ("é".encode(), "é".encode())):
        keyed = FakeRecord(one.topic, 0, 0, key, one.value, one.headers)
        (outcome,) = rendered(keyed, UNCHANGED)
        assert outcome.key == key
        assert outcome.shard == shard_of(key)
        assert headers(outcome).get("ce_partitionkey") == partition_key


def test_outcome_of_a_command_without_key_has_no_key_and_the_shard_of_the_subject() -> None:
    one = binary()
    (outcome,) = rendered(FakeRecord(one.topic, 0, 0, None, one.value, one.headers), UNCHANGED)
    assert outcome.key is None
    assert outcome.shard == shard_of(b"pc:310")


def test_outcome_is_sent_to_the_allowed_reply_topic() -> None:
    (answer,) = parse([binary(replyto="agency.answers")], TOPICS, Limits(reply_topics=frozenset({"agency.answers"})))
    assert isinstance(answer, Received)
    event, outcome = render(answer, ACCEPTED, 0, AT, TOPICS)
    assert (event.topic, outcome.topic) == (TOPICS.user_events, "agency.answers")


def test_event_and_outcome_have_the_correlation_and_trace_headers_of_the_command() -> None:
    one = binary(correlationid="é", traceparent="00-a", tracestate="v=1")
    for message in rendered(one, ACCEPTED):
        known = headers(message)
        assert known["ce_causationid"] == b"c-1"
        assert known["ce_correlationid"] == "é".encode()
        assert (known["ce_traceparent"], known["ce_tracestate"]) == (b"00-a", b"v=1")
        assert known["ce_time"] == AT.encode()


def test_version_header_is_only_set_when_there_is_a_version() -> None:
    event, outcome = rendered(binary(), ACCEPTED)
    assert (headers(event)["ce_entityversion"], headers(outcome)["ce_entityversion"]) == (b"2", b"2")
    (rejected,) = rendered(binary(), REJECTED)
    assert "ce_entityversion" not in headers(rejected)
    assert orjson.loads(rejected.payload or b"")["version"] is None


@pytest.mark.parametrize("number", range(5))
def test_event_and_outcome_have_the_same_version(number: int) -> None:
    decisions, _ = decide_batch(commands([*foundation(), *history(Random(number), 400, contended=True)]), World())
    accepted = [one for one in decisions if isinstance(one, Decision) and one.event is not None]
    assert len({type(one.event) for one in accepted}) > 15
    assert [one.event and change(one.event)[2] for one in accepted] == [one.version for one in accepted]


def test_rejection_has_the_code_of_the_first_error_and_its_title() -> None:
    problems = (Problem("invalid", "A.", "/a"), Problem("code-taken", "B.", "/b"))
    (outcome,) = rendered(binary(), Decision("rejected", 3, None, problems))
    assert orjson.loads(outcome.payload or b"")["problem"] == {
        "code": "invalid",
        "title": REJECTIONS["invalid"],
        "errors": [
            {"code": "invalid", "message": "A.", "path": "/a"},
            {"code": "code-taken", "message": "B.", "path": "/b"},
        ],
    }


def test_rejection_has_the_number_of_errors_that_are_left_out() -> None:
    (outcome,) = rendered(binary(), Decision("rejected", 3, None, REJECTED.problems, 9_980))
    problem = orjson.loads(outcome.payload or b"")["problem"]
    assert (len(problem["errors"]), problem["more"]) == (1, 9_980)


def test_creation_changes_all_fields_and_has_no_previous_values() -> None:
    event, _ = rendered(binary(), Decision("accepted", 1, seed.EVENTS["branch.created"], ()))
    data = orjson.loads(event.payload or b"")
    assert (data["changed"], data["previous"]) == (["branchCode", "displayName"], {})


def test_update_has_changed_fields_and_previous_values() -> None:
    event, _ = rendered(binary(), Decision("accepted", 2, seed.EVENTS["producer-code.updated"], ()))
    data = orjson.loads(event.payload or b"")
    assert data["changed"] == ["roles", "description", "branch", "producerStatus", "appointmentDate"]
    assert data["previous"]["appointmentDate"] is None
    assert data["previous"]["branch"] == {"id": "pc:S17f59YeYbDQEVkdUiua9"}
    assert data["producerCode"]["branch"] is None


@pytest.mark.parametrize("decision", [ACCEPTED, UNCHANGED, REJECTED])
def test_duplicate_command_gets_the_original_outcome(decision: Decision) -> None:
    first = rendered(binary(), decision)[-1]
    # A duplicate with another body, subject and key.
    one = binary(b'{"name": "Other"}', subject="pc:311")
    repeated = received(FakeRecord(one.topic, 9, 9, b"other", one.value, one.headers))
    again = repeat_outcome(repeated, first.payload or b"", 99, AT, TOPICS)
    assert (again.id, again.type, again.payload, again.aggregateid) == (
        first.id,
        first.type,
        first.payload,
        first.aggregateid,
    )
    assert (again.key, again.position) == (b"other", 99)
    same = {name for name in headers(first) if name not in ("ce_sequence", "ce_partitionkey")}
    assert {name: headers(again)[name] for name in same} == {name: headers(first)[name] for name in same}
    assert headers(again)["ce_replayed"] == b"true"
    assert "ce_replayed" not in headers(first)


def test_outcome_of_a_command_without_subject_has_none() -> None:
    one = record({"type": "user.update", "id": "c-1", "source": "/x", "data": {}})
    (outcome,) = rendered(one, Decision("rejected", None, None, (Problem("invalid", "Missing.", "subject"),)))
    assert orjson.loads(outcome.payload or b"")["subject"] is None
    assert "ce_subject" not in headers(outcome)
