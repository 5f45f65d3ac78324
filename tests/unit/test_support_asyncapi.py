"""The comparison of recorded messages with the AsyncAPI document finds what differs."""

from dataclasses import replace

import orjson
import pytest

from service.contract.asyncapi import document
from service.contract.render import render
from service.core.decision import Decision
from service.settings import Settings
from tests.support.asyncapi import AsyncApi, check_records
from tests.support.record import FakeRecord
from tests.unit.contract import seed
from tests.unit.contract.support import AT, TOPICS, raw, received, record

DOCUMENT = AsyncApi(document(Settings()))
COMMAND = record(seed.EVENTS_OF_COMMANDS["user.create"])
EVENT, OUTCOME = [
    FakeRecord(message.topic, 0, 0, message.key, message.payload, tuple(message.headers))
    for message in render(received(COMMAND), Decision("accepted", 1, seed.EVENTS["user.created"], ()), 41, AT, TOPICS)
]
REPLY = replace(OUTCOME, topic="crm-replies")
WITHOUT_NAME = replace(COMMAND, value=orjson.dumps({"email": "ray@example.com", "organization": {"id": "pc:1"}}))


def test_right_records_are_accepted() -> None:
    check_records(DOCUMENT, "registry", [EVENT, OUTCOME, REPLY], [COMMAND])
    check_records(DOCUMENT, "registry", [OUTCOME], [record(seed.EVENTS_OF_COMMANDS["user.create"], "structured")])


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (replace(EVENT, headers=(*EVENT.headers, ("ce_new", b"1"))), "header ce_new is not described"),
        (replace(EVENT, headers=EVENT.headers[1:]), '"content-type" is a required property'),
        (replace(EVENT, value=b"{}"), '"user" is a required property'),
        (replace(EVENT, key=b"no id"), "does not match"),
        (replace(EVENT, topic=TOPICS.outcomes), "the channel has no message"),
        (replace(REPLY, value=b"{}"), '"command" is a required property'),
        (raw(b"any", [("dlq_reason", b"bored")]), "the channel has no message"),
        (replace(raw(b"any", [("dlq_reason", b"bored")]), topic=TOPICS.dead_letters), "is not one of"),
        (replace(raw(b"any", [("dlq_mark", b"replayed")]), topic=TOPICS.dead_letters), "is not of type"),
    ],
)
def test_written_records_that_differ_are_found(wrong: FakeRecord, problem: str) -> None:
    with pytest.raises(AssertionError, match=problem):
        check_records(DOCUMENT, "registry", [OUTCOME, wrong], [])


def test_accepted_commands_that_differ_are_found() -> None:
    with pytest.raises(AssertionError, match='"name" is a required property'):
        check_records(DOCUMENT, "registry", [OUTCOME], [WITHOUT_NAME])
    # One of the two was decided, and the other one is a duplicate.
    check_records(DOCUMENT, "registry", [OUTCOME], [WITHOUT_NAME, COMMAND])


def test_commands_without_an_accepted_outcome_are_not_compared() -> None:
    check_records(
        DOCUMENT, "registry", [], [WITHOUT_NAME, raw(b"{", [("content-type", b"application/cloudevents+json")])]
    )
