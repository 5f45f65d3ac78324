"""Records are decoded for display, whatever their content is."""

from dataclasses import dataclass, field

import orjson
import pytest

from service.cli.message import read, short_type
from service.cli.tail import line


@dataclass
class Record:
    value: bytes | None
    headers: list[tuple[str, bytes | None]] = field(default_factory=list)
    topic: str = "registry.group.events.v1"
    partition: int = 3
    offset: int = 17
    timestamp: int = 1_700_000_000_000
    key: bytes | None = b"pc:669"


BINARY: list[tuple[str, bytes | None]] = [
    ("ce_id", b"e-1"),
    ("ce_type", b"producer-registry.group.updated.v1"),
    ("ce_subject", b"pc:669"),
    ("ce_entityversion", b"2"),
    ("content-type", b"application/json"),
]


def test_binary_event_is_decoded_with_its_data() -> None:
    message = read(Record(b'{"changed": ["value"]}', BINARY))
    assert (message.type, message.attributes["id"], message.data) == ("group.updated", "e-1", {"changed": ["value"]})
    assert line(message) == "22:13:20 group.updated pc:669 v2 changed value"


def test_structured_event_is_decoded_like_a_binary_one() -> None:
    event = {"id": "c-1", "type": "producer-registry.group.create.v1", "expectedversion": 0, "data": {"type": "office"}}
    message = read(Record(orjson.dumps(event), [("content-type", b"application/cloudevents+json; charset=utf-8")]))
    assert (message.type, message.attributes["expectedversion"], message.data) == (
        "group.create",
        "0",
        {"type": "office"},
    )


@pytest.mark.parametrize("value", [None, b"", b"\xff\xfe", b"{", b"[1]", b'"text"'])
def test_decoding_never_fails(value: bytes | None) -> None:
    message = read(Record(value, [("ce_id", None), ("x", b"\xff"), ("content-type", b"application/cloudevents+json")]))
    assert message.value == value
    assert line(message)


def test_rejected_outcome_is_shown_with_its_errors() -> None:
    data = {
        "command": {"source": "/a", "id": "c-1", "type": "producer-registry.user.create.v1"},
        "problem": {"code": "invalid", "errors": [{"code": "invalid", "message": "m", "path": "/email"}]},
    }
    message = read(Record(orjson.dumps(data), [("ce_type", b"producer-registry.command.rejected.v1")]))
    assert line(message).endswith("command.rejected - user.create c-1 invalid /email")


def test_rejected_outcome_is_shown_with_the_number_of_errors_that_it_leaves_out() -> None:
    errors = [{"code": "invalid", "message": "m", "path": f"/{number}"} for number in range(2)]
    data = {"command": {"type": "t", "id": "c"}, "problem": {"code": "invalid", "errors": errors, "more": 9_980}}
    assert line(read(Record(orjson.dumps(data), BINARY))).endswith("t c invalid /0; invalid /1; 9980 more")


def test_data_in_base64_is_decoded() -> None:
    headers: list[tuple[str, bytes | None]] = [("content-type", b"application/cloudevents+json")]
    for encoded, data in (("e30=", {}), ("77u/e30=", {}), ("AP8=", None), ("é", None), (None, [1]), (7, [1])):
        event = {"type": "producer-registry.group.create.v1", "data_base64": encoded, "data": [1]}
        assert read(Record(orjson.dumps(event), headers)).data == data


@pytest.mark.parametrize("timestamp", [1_764_410_400_000_000, 2**63 - 1, -(2**63)])
def test_a_timestamp_that_is_no_date_is_not_shown(timestamp: int) -> None:
    assert line(read(Record(b"{}", BINARY, timestamp=timestamp))) == "--:--:-- group.updated pc:669 v2"


@pytest.mark.parametrize(
    ("data", "details"),
    [
        ({"command": 1}, ""),
        ({"command": {"type": 1, "id": "c"}}, ""),
        ({"command": {"type": "t", "id": "c"}, "problem": 1}, "t c"),
        ({"command": {"type": "t", "id": "c"}, "problem": {"errors": [{"code": "x"}, 2]}}, "t c {'code': 'x'}; 2"),
        ({"command": {"type": "t", "id": "c"}, "problem": {"errors": [2], "more": "x"}}, "t c 2"),
        ({"changed": True}, ""),
        ({"changed": []}, ""),
        ({"changed": [1, None]}, "changed 1, None"),
    ],
)
def test_data_in_another_form_is_shown_without_an_error(data: object, details: str) -> None:
    assert line(read(Record(orjson.dumps(data), BINARY))) == f"22:13:20 group.updated pc:669 v2 {details}".rstrip()


def test_short_type_does_not_change_other_types() -> None:
    assert [short_type("producer-registry.group.create.v1"), short_type("com.example.x.v1")] == [
        "group.create",
        "com.example.x.v1",
    ]
