"""Commands for senders: the record of a structured event, its key, and invalid input."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from service.contract.sending import Unsendable, command_event, command_record, read_line
from tests.unit.contract.support import TOPICS

EVENT: dict[str, Any] = {"type": "user.update", "id": "c-1", "source": "/x", "data": {}}


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({}, None),
        ({"subject": "pc:310"}, b"pc:310"),
        ({"subject": "pc:310", "data": {"organization": {"id": "pc:1"}}}, b"pc:1"),
        ({"subject": "pc:310", "data": {"distributor_id": "pc:2"}}, b"pc:2"),
        ({"subject": "pc:310", "data": {"organization": "pc:1"}}, b"pc:310"),
        ({"subject": "pc:310", "data": []}, b"pc:310"),
        ({"partitionkey": "é", "data": {"distributor_id": "pc:2"}}, "é".encode()),
        ({"partitionkey": "", "subject": "pc:310"}, b"pc:310"),
    ],
)
def test_key_is_the_partition_key_or_the_organization_or_the_subject(
    changed: dict[str, Any], key: bytes | None
) -> None:
    for event in ({**EVENT, **changed},):
        assert command_record(event, TOPICS).key == command_record(event, TOPICS, "structured").key == key


def test_topic_is_derived_from_the_type() -> None:
    assert command_record(EVENT, TOPICS).topic == "registry.commands.v1"
    assert command_record({**EVENT, "type": "role.put"}, TOPICS).topic == "registry.operator.commands.v1"


def test_both_modes_contain_extension_attributes() -> None:
    event = {**EVENT, "expectedversion": 0, "urgent": True, "nothing": None}
    assert dict(command_record(event, TOPICS).headers) == {
        "content-type": b"application/json",
        "ce_specversion": b"1.0",
        "ce_type": b"producer-registry.user.update.v1",
        "ce_id": b"c-1",
        "ce_source": b"/x",
        "ce_expectedversion": b"0",
        "ce_urgent": b"true",
    }
    structured = orjson.loads(command_record(event, TOPICS, "structured").value)
    assert (structured["expectedversion"], structured["urgent"]) == (0, True)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"type": None}, "type None is not a command; the known types are group.create, "),
        ({"type": "user.promote"}, "type 'user.promote' is not a command"),
        ({"id": ""}, "id must be a string that is not empty"),
        ({"id": 7}, "id must be a string that is not empty"),
        ({"source": None}, "source is missing"),
    ],
)
def test_event_is_not_sent_when_an_attribute_is_missing_or_malformed(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(Unsendable) as refused:
        command_record({**EVENT, **changed}, TOPICS)
    assert str(refused.value).startswith(message)


def test_line_that_is_not_a_json_object_is_unsendable() -> None:
    assert read_line(b'{"id": "c-1"}\n') == {"id": "c-1"}
    with pytest.raises(Unsendable, match="not JSON"):
        read_line(b"{")
    with pytest.raises(Unsendable, match="not a JSON object"):
        read_line(b"[]")


def test_event_omits_attributes_that_are_none() -> None:
    assert command_event("user.update", {}, id="c-1", source="/x", subject=None, expectedversion=0) == {
        "specversion": "1.0",
        "id": "c-1",
        "source": "/x",
        "type": "producer-registry.user.update.v1",
        "expectedversion": 0,
        "datacontenttype": "application/json",
        "data": {},
    }
