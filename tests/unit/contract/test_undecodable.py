"""Records that are dead-lettered, for each reason, and unusual records that are commands."""

from __future__ import annotations

from base64 import b64encode

import orjson
import pytest

from service.contract.envelope import Limits, Undecodable
from tests.support.record import FakeRecord
from tests.unit.contract.support import binary, event, parsed, raw, received, structured

CLOUDEVENT = "not-a-cloudevent"
DEEP = b"[" * 100_000 + b"]" * 100_000

UNDECODABLE: dict[str, tuple[FakeRecord, str]] = {
    "no body": (binary(None), "tombstone"),
    "no body and no headers": (raw(None), "tombstone"),
    "no body in structured mode": (raw(None, [("content-type", b"application/cloudevents+json")]), "tombstone"),
    "a body over the limit": (binary(b" " * 262_145), "too-large"),
    "a body over the limit without headers": (raw(b" " * 262_145), "too-large"),
    "a key over the limit": (raw(b"{}", key=b"k" * 262_145), "too-large"),
    "nothing but a body": (raw(b"{}"), CLOUDEVENT),
    "no id": (binary(id=None), CLOUDEVENT),
    "no source": (binary(source=None), CLOUDEVENT),
    "no type": (binary(type=None), CLOUDEVENT),
    "no specversion": (binary(specversion=None), CLOUDEVENT),
    "an empty id": (binary(id=""), CLOUDEVENT),
    "an empty source": (binary(source=""), CLOUDEVENT),
    "a null id": (raw(b"{}", [*binary(id=None).headers, ("ce_id", None)]), CLOUDEVENT),
    "specversion 0.3": (binary(specversion="0.3"), CLOUDEVENT),
    "specversion 1.1": (binary(specversion="1.1"), CLOUDEVENT),
    "an id of 129 characters": (binary(id="x" * 129), CLOUDEVENT),
    "NUL in the id": (binary(id="a\0b"), CLOUDEVENT),
    "NUL in the source": (binary(source="/a\0b"), CLOUDEVENT),
    "a source too long for an index entry": (binary(source="/" + "é" * 600), CLOUDEVENT),
    "an id that is not UTF-8": (binary(id=b"\xff"), CLOUDEVENT),
    "a subject that is not UTF-8": (binary(subject=b"\xc3"), CLOUDEVENT),
    "an unknown attribute that is not UTF-8": (binary(b"{}", ("ce_whatever", b"\xff")), CLOUDEVENT),
    "an attribute twice with different values": (binary(b"{}", ("ce_id", b"c-2")), CLOUDEVENT),
    "an unknown type": (binary(type="producer-registry.user.promote.v1"), "unknown-type"),
    "a newer version of a type": (binary(b"not json", type="producer-registry.user.update.v2"), "unknown-type"),
    "a short type": (binary(type="user.update"), "unknown-type"),
    "an empty body": (binary(b""), "not-json"),
    "a body that is not JSON": (binary(b"{'name': 1}"), "not-json"),
    "two JSON values": (binary(b"{}{}"), "not-json"),
    "NaN": (binary(b'{"name": NaN}'), "not-json"),
    "Infinity": (binary(b'{"name": -Infinity}'), "not-json"),
    "a number that is infinite": (binary(b'{"name": 1e999}'), "not-json"),
    "a lone surrogate": (binary(b'{"name": "\\ud800"}'), "not-json"),
    "a lone surrogate in UTF-8": (binary(b'{"name": "\xed\xa0\x80"}'), "not-json"),
    "a text that is not UTF-8": (binary(b'{"name": "\xff"}'), "not-json"),
    "UTF-16": (binary('{"name": "x"}'.encode("utf-16")), "not-json"),
    "two byte order marks": (binary(b"\xef\xbb\xbf\xef\xbb\xbf{}"), "not-json"),
    "a byte order mark within the body": (binary(b"{\xef\xbb\xbf}"), "not-json"),
    "a raw control character": (binary(b'{"name": "\x00"}'), "not-json"),
    "a body too deep to read": (binary(DEEP), "not-json"),
    "a structured event that is not JSON": (structured(b"{"), "not-json"),
    "a structured event with a lone surrogate": (structured(b'{"id": "\\udc00"}'), "not-json"),
    "a structured event too deep to read": (structured(DEEP), "not-json"),
    "a structured list": (structured([event()]), CLOUDEVENT),
    "structured null": (structured(None), CLOUDEVENT),
    "a structured event without id": (structured(event(id=None)), CLOUDEVENT),
    "a structured id that is a number": (structured(event(id=7)), CLOUDEVENT),
    "a structured source that is an object": (structured(event(source={})), CLOUDEVENT),
    "a structured type that is a list": (structured(event(type=["x"])), "unknown-type"),
    "a structured id with NUL": (structured(event(id="\0")), CLOUDEVENT),
    "a structured id of 129 characters": (structured(event(id="é" * 129)), CLOUDEVENT),
    "a structured specversion that is a number": (structured(event(specversion=1.0)), CLOUDEVENT),
    "data_base64 that is not JSON": (structured({**event(data=None), "data_base64": "eA=="}), "not-json"),
    "data_base64 that is not base64": (structured({**event(data=None), "data_base64": "e30"}), "not-json"),
    "data_base64 with line breaks": (structured({**event(data=None), "data_base64": "e3\n0="}), "not-json"),
    "data_base64 beyond ASCII": (structured({**event(data=None), "data_base64": "é30="}), "not-json"),
    "data_base64 that is a number": (structured({**event(data=None), "data_base64": 7}), "not-json"),
    "empty data_base64": (structured({**event(data=None), "data_base64": ""}), "not-json"),
    "data_base64 too deep to read": (
        structured({**event(data=None), "data_base64": b64encode(b"[" * 9_999 + b"]" * 9_999).decode()}),
        "not-json",
    ),
    "data_base64 and data": (structured({**event(), "data_base64": "e30="}), CLOUDEVENT),
    "a structured unknown type": (structured(event(type="com.example.other")), "unknown-type"),
    "a batch": (structured([event()], b"application/cloudevents-batch+json"), CLOUDEVENT),
    "an unsupported format": (structured(b"x", b"application/cloudevents+avro"), CLOUDEVENT),
}

COMMAND: dict[str, FakeRecord] = {
    "binary": binary(),
    "structured": structured(event()),
    "structured with parameters": structured(event(), b"Application/CloudEvents+JSON ; charset=UTF-8"),
    "a body of exactly the limit": binary(b'{"name": "x"}' + b" " * (262_144 - 13)),
    "an id of 128 characters": binary(id="é" * 128),
    "other headers of any bytes": binary(b"{}", ("x", b"\xff\x00"), ("x", None), ("", b""), ("ce", b"\xff")),
    "a header with the prefix in another case": binary(b"{}", ("CE_id", b"\xff")),
    "an attribute twice with the same value": binary(b"{}", ("ce_id", b"c-1")),
    "a null attribute": binary(b"{}", ("ce_correlationid", None), ("ce_x", None)),
    "a content type that is not UTF-8": binary(b"{}", ("content-type", b"\xff")),
    "a null content type": binary(b"{}", ("content-type", None)),
    "a null key": raw(b"{}", binary().headers, key=None),
    "a key of any bytes": raw(b"{}", binary().headers, key=b"\xff\x00"),
    "a body that is not an object": binary(b"[]"),
    "a number too big for 64 bits": binary(b'{"name": 1' + b"0" * 40 + b"}"),
    "deep JSON that can be read": binary(b'{"name": ' + b"[" * 900 + b"]" * 900 + b"}"),
    "a structured event without data": structured(event(data=None)),
    "a byte order mark": binary(b"\xef\xbb\xbf{}"),
    "a structured event with a byte order mark": structured(b"\xef\xbb\xbf" + orjson.dumps(event())),
    "data_base64 that is JSON": structured({**event(data=None), "data_base64": "e30="}),
    "data_base64 with a byte order mark": structured({**event(data=None), "data_base64": "77u/e30="}),
    "data_base64 and data that is null": structured({**event(), "data": None, "data_base64": "e30="}),
    "data_base64 that is null": structured({**event(), "data_base64": None}),
    "a trace twice with different values": binary(b"{}", ("ce_traceparent", b"1"), ("ce_traceparent", b"2")),
    "a trace state twice with different values": binary(b"{}", ("ce_tracestate", b"a=1"), ("ce_tracestate", b"b=2")),
}


@pytest.mark.parametrize(("one", "reason"), UNDECODABLE.values(), ids=UNDECODABLE.keys())
def test_record_is_undecodable_for_this_reason(one: FakeRecord, reason: str) -> None:
    answer = parsed(one)
    assert isinstance(answer, Undecodable)
    assert answer.reason == reason
    assert answer.message
    assert answer.record is one


@pytest.mark.parametrize("one", COMMAND.values(), ids=COMMAND.keys())
def test_unusual_record_is_a_command(one: FakeRecord) -> None:
    assert received(one).record is one


def test_size_limit_is_configurable() -> None:
    answer = parsed(binary(b" " * 11), Limits(max_body_bytes=10))
    assert isinstance(answer, Undecodable)
    assert answer.message == "the body has 11 bytes; the limit is 10"


def test_message_is_short() -> None:
    answer = parsed(binary(type="x" * 9_999))
    assert isinstance(answer, Undecodable)
    assert len(answer.message) < 200
