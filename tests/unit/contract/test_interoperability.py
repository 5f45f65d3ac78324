"""Commands as the clients of other languages write them, and messages that help their authors."""

from __future__ import annotations

from base64 import b64encode

import orjson
import pytest

from service.contract.attribute_name import misspelt
from service.contract.attribute_rule import RULES
from service.contract.envelope import Received, Undecodable, parse
from service.core.command import Invalid
from service.core.ids import created_subject
from tests.support.record import FakeRecord
from tests.unit.contract.support import LIMITS, TOPICS, binary, event, parsed, problems, raw, received, structured

CREATE = "producer-registry.user.create.v1"
MISSPELT = {
    "expectedVersion": "expectedversion",
    "expected_version": "expectedversion",
    "EXPECTEDVERSION": "expectedversion",
    "correlationId": "correlationid",
    "replyTo": "replyto",
    "reply_to": "replyto",
    "trace_parent": "traceparent",
    "traceState": "tracestate",
    "Subject": "subject",
    "Time": "time",
    "Id": "id",
    "partitionKey": "partitionkey",
    "dataSchema": "dataschema",
    "data_content_type": "datacontenttype",
    "spec_version": "specversion",
}
NAMES = pytest.mark.parametrize(("name", "meant"), MISSPELT.items())


@NAMES
def test_a_command_with_a_misspelt_attribute_is_rejected(name: str, meant: str) -> None:
    for one in (binary(b"{}", (f"ce_{name}", b"999")), structured(event(**{name: "999"}))):
        [problem] = problems(one)
        assert (problem.code, problem.path) == ("invalid", name)
        assert problem.message == f"{name} is not the name of an attribute: write {meant}."


@pytest.mark.parametrize("name", ["Data", "DATA", "dataBase64", "database64", "data_Base64"])
def test_a_structured_command_with_misspelt_data_is_rejected(name: str) -> None:
    assert (name, "invalid") in {(problem.path, problem.code) for problem in problems(structured(event(**{name: {}})))}


def test_each_misspelt_name_is_reported_once() -> None:
    one = binary(b"{}", ("ce_replyTo", b"a"), ("ce_replyTo", b"b"), ("ce_expectedVersion", b"1"))
    assert [problem.path for problem in problems(one)] == ["expectedVersion", "replyTo"]


def test_a_misspelt_attribute_on_the_wrong_topic_is_not_reported() -> None:
    one = binary(b"{}", ("ce_replyTo", b"a"), type="producer-registry.product.put.v1")
    assert [problem.code for problem in problems(one)] == ["wrong-topic"]


@pytest.mark.parametrize("name", ["datacontenttype", "partitionkey", "sequence", "com_example", "x" * 999])
def test_other_attributes_are_ignored(name: str) -> None:
    for one in (binary(b"{}", (f"ce_{name}", b"x")), structured(event(**{name: "x"}))):
        assert not isinstance(received(one).command.body, Invalid)


def test_misspelt_attributes_that_are_null_are_missing() -> None:
    null = orjson.dumps({**event(), "expectedVersion": None})
    for one in (binary(b"{}", ("ce_expectedVersion", None)), structured(null)):
        assert not isinstance(received(one).command.body, Invalid)


def test_long_names_are_not_kept_in_memory() -> None:
    assert misspelt("_" * 100_000 + "id") is None
    assert misspelt("i_d") == "id"


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-29T10:00:00Z",
        "2026-11-29t10:00:00z",
        "2026-11-29T10:00:00.123456789Z",
        "2026-11-29T10:00:00.1+01:00",
        "2026-11-29T23:59:60-23:59",
        "2024-02-29T00:00:00Z",
    ],
)
def test_a_time_of_rfc_3339_is_accepted(text: str) -> None:
    for one in (binary(time=text), structured(event(time=text))):
        assert not isinstance(received(one).command.body, Invalid)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "1764410400",
        "2026-11-29",
        "2026-11-29T10:00:00",
        "2026-11-29 10:00:00Z",
        "2026-11-29T10:00Z",
        "2026-11-29T10:00:00.Z",
        "2026-11-29T24:00:00Z",
        "2026-11-29T10:60:00Z",
        "2026-11-29T10:00:61Z",
        "2026-11-29T10:00:00+0100",
        "2026-11-29T10:00:00+24:00",
        "2026-13-01T10:00:00Z",
        "2026-02-29T10:00:00Z",
        "2026-11-29T10:00:00Z\n",
        "٢٠٢٦-11-29T10:00:00Z",
    ],
)
def test_a_command_with_another_time_is_rejected(text: str) -> None:
    assert not RULES["time"].accepts(text)
    for one in (binary(time=text), structured(event(time=text))):
        [problem] = problems(one)
        assert (problem.code, problem.path) == ("invalid", "time")
        assert problem.message == "time must be a time of RFC 3339, such as 2026-11-29T10:00:00Z."


def test_a_time_that_is_a_number_is_rejected() -> None:
    assert [problem.path for problem in problems(structured(event(time=1764410400)))] == ["time"]


def test_data_base64_is_read_as_the_data() -> None:
    data = b'{"name": "Ray Newton", "email": "ray@armstrong.example", "distributor_id": "pc:1"}'
    sent = {**event(type=CREATE, subject=None, data=None), "data_base64": b64encode(data).decode()}
    plain = event(type=CREATE, subject=None, data=orjson.loads(data))
    assert received(structured(sent)).command == received(structured(plain)).command
    assert received(structured(sent)).command.subject == created_subject("/agency-management", "c-1")


def test_nul_in_data_base64_is_reported_like_in_data() -> None:
    data = b'{"name": "a\\u0000b"}'
    sent = {**event(data=None), "data_base64": b64encode(data).decode()}
    expected = problems(structured(event(data=orjson.loads(data))))
    assert [problem.path for problem in expected] == ["/name"]
    assert problems(structured(sent)) == expected


def test_a_trace_that_is_given_twice_is_dropped_and_the_command_is_kept() -> None:
    twice = received(binary(b"{}", ("ce_traceparent", b"00-b"), traceparent="00-a", tracestate="v=1"))
    assert (twice.traceparent, twice.tracestate) == (None, None)
    assert not isinstance(twice.command.body, Invalid)
    state = received(binary(b"{}", ("ce_tracestate", b"v=2"), traceparent="00-a", tracestate="v=1"))
    assert (state.traceparent, state.tracestate) == ("00-a", None)
    same = received(binary(b"{}", ("ce_traceparent", b"00-a"), traceparent="00-a"))
    assert same.traceparent == "00-a"


def test_a_trace_that_is_given_twice_hides_no_other_conflict() -> None:
    one = binary(b"{}", ("ce_traceparent", b"b"), ("ce_subject", b"pc:2"), traceparent="a")
    answer = parsed(one)
    assert isinstance(answer, Undecodable)
    assert answer.message == "header ce_subject occurs twice with different values"


JSON_EVENT = orjson.dumps(event())
HINTS: dict[str, tuple[FakeRecord, str]] = {
    "an id that is a number": (structured(event(id=7)), "id must be a JSON string, not the number 7"),
    "an id that is true": (structured(event(id=True)), "id must be a JSON string, not true"),
    "a source that is an object": (structured(event(source={})), "source must be a JSON string, not an object"),
    "a specversion that is a number": (
        structured(event(specversion=1.0)),
        "specversion must be a JSON string, not the number 1.0",
    ),
    "a type that is a list": (structured(event(type=[])), "type must be a JSON string, not an array"),
    "headers of the HTTP binding": (
        raw(b"{}", [("ce-specversion", b"1.0"), ("ce-id", b"c-1"), ("ce-source", b"/x")]),
        "attribute specversion is missing; the header ce-specversion must begin with ce_, "
        "as in the Kafka binding of CloudEvents",
    ),
    "headers in capitals": (
        raw(b"{}", [("CE_ID", b"c-1")]),
        "attribute specversion is missing; the header CE_ID must begin with ce_, "
        "as in the Kafka binding of CloudEvents",
    ),
    "a misspelt id": (
        binary(b"{}", ("ce_Id", b"c-1"), id=None),
        "attribute id is missing; Id must be written id",
    ),
    "a misspelt source of a structured event": (
        structured({**event(source=None), "Source": "/x"}),
        "attribute source is missing; Source must be written source",
    ),
    "a structured event without content type": (
        raw(JSON_EVENT),
        "attribute specversion is missing; a structured event needs the header "
        "content-type: application/cloudevents+json",
    ),
    "a structured event with the content type of its data": (
        raw(JSON_EVENT, [("content-type", b"application/json")]),
        "attribute specversion is missing; a structured event needs the header "
        "content-type: application/cloudevents+json",
    ),
    "nothing": (raw(b"{}"), "attribute specversion is missing"),
    "a missing id": (binary(id=None), "attribute id is missing"),
    "data and data_base64": (
        structured({**event(), "data_base64": "e30="}),
        "an event has either data or data_base64, not both",
    ),
    "data_base64 with bytes": (
        structured({**event(data=None), "data_base64": "AP8="}),
        "data_base64 is not JSON: ",
    ),
}


@pytest.mark.parametrize(("one", "message"), HINTS.values(), ids=HINTS.keys())
def test_the_message_of_a_dead_letter_says_what_to_change(one: FakeRecord, message: str) -> None:
    answer = parsed(one)
    assert isinstance(answer, Undecodable)
    assert answer.message.startswith(message)
    assert message.endswith(": ") or answer.message == message


def test_records_with_and_without_hints_do_not_affect_each_other() -> None:
    answers = parse([raw(JSON_EVENT), binary(), structured(event())], TOPICS, LIMITS)
    assert [type(answer) for answer in answers] == [Undecodable, Received, Received]
