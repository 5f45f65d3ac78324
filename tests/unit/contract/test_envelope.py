"""Envelope attributes of commands, and rejections because of invalid ones."""

from __future__ import annotations

import pytest

from service.contract import envelope
from service.contract.envelope import Limits, parse
from service.core.command import Invalid
from service.core.ids import created_subject
from service.core.problem import Problem
from tests.unit.contract.support import TOPICS, binary, event, problems, received, record, structured

CREATE = "producer-registry.user.create.v1"
NEW_USER = b'{"name": "Ray Newton", "email": "ray@armstrong.example", "distributor_id": "pc:1"}'


def test_identity_is_topic_source_and_id_as_sent() -> None:
    command = received(binary(id="é" * 128, source="/agency?x=1")).command
    assert (command.topic, command.source, command.id) == (TOPICS.commands, "/agency?x=1", "é" * 128)
    assert (command.type, command.subject, command.expected_version) == ("user.update", "pc:310", None)


def test_subject_of_a_create_without_one_is_derived_from_source_and_id() -> None:
    command = received(binary(NEW_USER, type=CREATE, subject=None)).command
    assert command.subject == created_subject("/agency-management", "c-1")
    assert not isinstance(command.body, Invalid)


def test_subject_of_a_create_with_one_is_kept() -> None:
    assert received(binary(NEW_USER, type=CREATE, subject="pc:310")).command.subject == "pc:310"


@pytest.mark.parametrize("name", ["user.update", "branch.put", "group.grant-product", "user.join-group"])
def test_command_without_a_required_subject_is_rejected(name: str) -> None:
    one = record({"type": name, "id": "c-1", "source": "/x", "data": {}})
    assert ("subject", "invalid") in {(problem.path, problem.code) for problem in problems(one)}
    assert received(one).command.subject == ""


BAD_SUBJECTS = ["", " ", "-a", "a b", "a/b", "é", "a" * 65, "a\n", "a\0", "pc:310\n"]


@pytest.mark.parametrize("subject", BAD_SUBJECTS)
@pytest.mark.parametrize("kind", ["producer-registry.user.update.v1", CREATE])
def test_command_with_a_malformed_subject_is_rejected(subject: str, kind: str) -> None:
    for one in (
        binary(NEW_USER, subject=subject, type=kind),
        structured({**event(type=kind), "subject": subject}),
    ):
        assert ("subject", "invalid") in {(problem.path, problem.code) for problem in problems(one)}
        assert received(one).command.subject == ""


@pytest.mark.parametrize("subject", ["a", "pc:S17f59YeYbDQEVkdUiua9", "prd_1", "A.b~c-d_e:f", "9" * 64])
def test_subject_that_is_an_id_is_accepted(subject: str) -> None:
    assert received(binary(subject=subject)).command.subject == subject


@pytest.mark.parametrize(("text", "version"), [("0", 0), ("7", 7), ("007", 7), ("2147483647", 2147483647)])
def test_expected_version_is_a_whole_number(text: str, version: int) -> None:
    assert received(binary(expectedversion=text)).command.expected_version == version
    assert received(structured(event(expectedversion=int(text)))).command.expected_version == version
    assert received(structured(event(expectedversion=text))).command.expected_version == version


@pytest.mark.parametrize("text", ["", "-1", "+1", " 1", "1.0", "1e3", "0x1", "٣", "1_0", "2147483648", "9" * 5000, "x"])
def test_command_with_a_malformed_expectedversion_is_rejected(text: str) -> None:
    wrong = problems(binary(expectedversion=text))
    assert [(problem.path, problem.code) for problem in wrong] == [("expectedversion", "invalid")]
    assert wrong[0].message == "expectedversion must be a whole number from 0 to 2147483647."


@pytest.mark.parametrize("value", [True, 1.0, -1, [], {}, 2**63])
def test_command_with_an_expectedversion_of_another_type_is_rejected(value: object) -> None:
    assert [problem.path for problem in problems(structured(event(expectedversion=value)))] == ["expectedversion"]


@pytest.mark.parametrize("name", ["subject", "replyto", "correlationid"])
@pytest.mark.parametrize("value", [7, True, [], {}, 1.5])
def test_structured_command_with_an_attribute_that_is_not_a_string_is_rejected(name: str, value: object) -> None:
    assert [(problem.path, problem.code) for problem in problems(structured(event(**{name: value})))] == [
        (name, "invalid")
    ]


def test_reply_topic_must_be_configured() -> None:
    limits = Limits(reply_topics=frozenset({"agency.answers"}))
    allowed = received(binary(replyto="agency.answers"), limits)
    assert allowed.reply_to == "agency.answers"
    assert not isinstance(allowed.command.body, Invalid)
    for topic in ("other", "", "agency.answers "):
        refused = received(binary(replyto=topic), limits)
        assert refused.reply_to is None
        assert isinstance(refused.command.body, Invalid)
        assert refused.command.body.problems[0].path == "replyto"


@pytest.mark.parametrize("source", ["/http/", "/http/ann", "/http/ann%20archer/x"])
@pytest.mark.parametrize("publisher", [None, "crm", ""])
def test_a_source_of_the_http_api_is_refused_from_other_senders(source: str, publisher: str | None) -> None:
    refused = Problem("invalid", "source must not begin with /http/: this is reserved for the HTTP API.", "source")
    for one in (
        binary(source=source, publishedby=publisher),
        structured(event(source=source, publishedby=publisher)),
    ):
        assert problems(one) == (refused,)


def test_a_source_of_the_http_api_is_accepted_from_the_api() -> None:
    source, publisher = "/http/ann", "/producer-registry"
    for one in (
        binary(source=source, publishedby=publisher),
        structured(event(source=source, publishedby=publisher)),
    ):
        assert problems(one) == ()
        assert received(one).command.source == source


@pytest.mark.parametrize("source", ["/http", "/HTTP/ann", "http/ann", "/https/ann", "x/http/ann"])
def test_another_source_is_accepted(source: str) -> None:
    assert problems(binary(source=source)) == ()


def test_correlation_and_trace_attributes_are_kept() -> None:
    answer = received(binary(correlationid="é", traceparent="00-a", tracestate="v=1"))
    assert (answer.correlation_id, answer.traceparent, answer.tracestate) == ("é", "00-a", "v=1")


def test_invalid_trace_attributes_are_dropped() -> None:
    answer = received(structured(event(traceparent=7, tracestate="x" * 513)))
    assert (answer.traceparent, answer.tracestate) == (None, None)
    assert not isinstance(answer.command.body, Invalid)


def test_command_with_a_long_correlation_id_is_rejected() -> None:
    assert [problem.path for problem in problems(binary(correlationid="x" * 257))] == ["correlationid"]


@pytest.mark.parametrize("body", [b"{}", b'{"colour": 1}', b"[]"])
def test_wrong_topic_is_the_only_problem_reported(body: bytes) -> None:
    (wrong,) = problems(binary(body, type="producer-registry.product.put.v1", expectedversion="x"))
    assert wrong == Problem("wrong-topic", "product.put must be sent to topic registry.operator.commands.v1.", "type")


def test_ordinary_command_on_the_operator_topic_is_rejected() -> None:
    one = record(
        {"type": "user.update", "id": "c-1", "source": "/x", "subject": "pc:310", "data": {}},
        topic=TOPICS.operator_commands,
    )
    assert [problem.code for problem in problems(one)] == ["wrong-topic"]
    assert received(one).command.subject == "pc:310"


def test_envelope_and_data_problems_are_reported_together_by_path() -> None:
    wrong = problems(binary(b'{"name": 1, "colour": 2}', subject="-", expectedversion="-"))
    assert [(problem.path, problem.code) for problem in wrong] == [
        ("/colour", "unknown-field"),
        ("/name", "invalid"),
        ("expectedversion", "invalid"),
        ("subject", "invalid"),
    ]


def test_attribute_headers_of_a_structured_event_are_ignored() -> None:
    one = structured(event())
    both = type(one)(one.topic, 0, 0, None, one.value, (*one.headers, ("ce_id", b"a"), ("ce_id", b"b")))
    assert received(both).command.id == "c-1"


def test_parse_of_no_records_returns_no_results() -> None:
    assert parse([], TOPICS, Limits()) == []


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("can't start new thread")])
def test_a_lack_of_resources_is_no_defect_of_a_command(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    records = [binary(), binary()]

    def exhausted(*_: object) -> object:
        raise error

    monkeypatch.setattr(envelope, "open_record", exhausted)
    with pytest.raises(type(error)):
        parse(records, TOPICS, Limits())
