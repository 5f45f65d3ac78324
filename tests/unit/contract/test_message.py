"""Sizes, shards and derived headers of messages; writing and parsing of dead letters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.contract.dead_letter import MAX_MESSAGE, dead_letter, origin
from service.contract.envelope import Undecodable
from service.contract.message import SHARDS, Message, oversized, shard_of
from service.contract.render import render
from service.core.decision import Decision
from service.core.problem import MAX_NAME
from service.version import VERSION
from tests.support.record import FakeRecord
from tests.unit.contract import seed
from tests.unit.contract.support import AT, TOPICS, binary, event, parsed, raw, received, structured

HEADERS = st.lists(st.tuples(st.text(max_size=20), st.none() | st.binary(max_size=40)), max_size=6)


def test_headers_of_an_unknown_newer_type_are_derived() -> None:
    one = message(2)
    one.type, one.dataschema = "producer-registry.office.opened.v2", "urn:x:office.opened:v2:0"
    headers = dict(one.headers)
    assert (headers["ce_type"], headers["ce_dataschema"]) == (one.type.encode(), b"urn:x:office.opened:v2:0")


def test_a_message_without_a_known_schema_has_no_dataschema() -> None:
    one = message(2)
    one.dataschema = ""
    assert "ce_dataschema" not in dict(one.headers)


def test_shards_of_keys_never_change() -> None:
    assert SHARDS == 16
    assert [shard_of(key) for key in (b"", b"pc:1", b"pc:669", b"\xff")] == [0, 10, 5, 0]


def message(payload: int, key: bytes = b"pc:1") -> Message:
    """Return an event with a payload of this many bytes."""
    event = render(received(binary()), Decision("accepted", 2, seed.EVENTS["user.updated"], ()), 0, AT, TOPICS)[0]
    event.payload, event.key = b"x" * payload, key
    return event


@pytest.mark.parametrize("payload", [0, 1, 990_000, 999_000, 999_999, 1_000_001])
def test_message_is_oversized_if_and_only_if_its_size_exceeds_the_limit(payload: int) -> None:
    one = message(payload)
    assert oversized([one], 1_000_000) == ([one] if one.size() > 1_000_000 else [])


def test_size_counts_key_value_and_headers() -> None:
    small, big = message(10), message(1_010, b"pc:1" + b"k" * 1_000)
    assert big.size() - small.size() == 3_000, "a longer payload, and a longer key which is a header too"
    small.extra.append(("x" * 100, b"y" * 900))
    assert small.size() > message(10).size() + 1_000


def test_dead_letter_with_large_headers_is_oversized() -> None:
    one = FakeRecord("t", 0, 0, None, None, (("x", b"y" * 2_000_000),))
    letter = dead_letter(Undecodable(one, "tombstone", "no body"), 0, AT, TOPICS)
    assert oversized([letter], 1_000_000) == [letter]


@given(key=st.none() | st.binary(), value=st.none() | st.binary(), headers=HEADERS, text=st.text())
def test_dead_letter_keeps_every_byte(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes | None]], text: str
) -> None:
    letter = dead_letter(Undecodable(FakeRecord("in", 2, 5, key, value, tuple(headers)), "failed", text), 9, AT, TOPICS)
    assert (letter.key, letter.payload, letter.headers[: len(headers)]) == (key, value, headers)
    assert all(value is not None and value.decode() is not None for _, value in letter.headers[len(headers) :])
    found = origin(letter.headers)
    assert found is not None
    assert (found.topic, found.partition, found.offset, found.reason) == ("in", 2, 5, "failed")
    assert (found.failed_at, found.service_version, found.headers) == (AT, VERSION, headers)


def test_message_of_a_dead_letter_is_cut_in_the_middle_and_valid_utf_8() -> None:
    # A traceback ends with the error.
    letter = dead_letter(Undecodable(binary(), "failed", "\ud800" + "x" * 99_999 + "y" * 2_997), 0, AT, TOPICS)
    found = origin(letter.headers)
    assert found is not None
    assert found.message == "?" + "x" * 999 + " … " + "y" * 2_997
    assert len(found.message) == MAX_MESSAGE


def test_message_of_a_dead_letter_up_to_the_limit_is_complete() -> None:
    letter = dead_letter(Undecodable(binary(), "failed", "x" * MAX_MESSAGE), 0, AT, TOPICS)
    found = origin(letter.headers)
    assert found is not None
    assert found.message == "x" * MAX_MESSAGE


@pytest.mark.parametrize("length", [1, 100_000])
def test_a_dead_letter_adds_few_bytes_whatever_was_sent(length: int) -> None:
    text = "é" * length
    sent: list[FakeRecord] = [
        raw(b"{}", [(f"ce_{text}", b"\xff")]),
        raw(b"{}", [(f"ce-{text}", b"1")]),
        raw(b"{}", [("content-type", f"application/cloudevents+{text}".encode())]),
        binary(type=text),
        binary(specversion=text),
        binary(id=text * 200),
        binary(source=text * 2_000),
        binary(b"{}", ("ce_id", text.encode())),
        structured(event(type={text: 1})),
        structured(event(id=[text])),
        structured(event(data_base64=text, data=None)),
        binary(text.encode()),
    ]
    for one in sent:
        answer = parsed(one)
        assert isinstance(answer, Undecodable)
        added = dead_letter(answer, 0, AT, TOPICS).headers[len(one.headers) :]
        assert sum(len(name) + len(value or b"") for name, value in added) < 1_024, answer.message[:200]


def test_a_long_header_name_does_not_hide_the_reason() -> None:
    answer = parsed(raw(b"{}", [("ce_" + "x" * 100_000, b"\xff")]))
    assert isinstance(answer, Undecodable)
    assert answer.message == f"header ce_{'x' * (MAX_NAME - 3)}… is not UTF-8"


def test_dead_letter_of_a_dead_letter_keeps_the_first_headers() -> None:
    first = dead_letter(Undecodable(binary(), "unknown-type", "first"), 0, AT, TOPICS)
    replayed = FakeRecord("in", 1, 1, None, b"", tuple(first.headers))
    second = dead_letter(Undecodable(replayed, "not-json", "second"), 1, AT, TOPICS)
    found = origin(second.headers)
    assert found is not None
    assert (found.message, found.headers) == ("second", first.headers)


@pytest.mark.parametrize("header", [("__connect.errors.partition", b"x"), ("__connect.errors.offset", b"")])
def test_other_headers_are_not_parsed_as_those_of_a_dead_letter(header: tuple[str, bytes]) -> None:
    assert origin([]) is None
    assert origin([("a", b"b")] * 7) is None
    letter = dead_letter(Undecodable(binary(), "failed", "x"), 0, AT, TOPICS)
    assert origin([header if name == header[0] else (name, value) for name, value in letter.headers]) is None
    assert origin([(name, b"\xff") for name, _ in letter.headers]) is None


def test_dead_letters_of_a_partition_share_a_shard() -> None:
    records = [FakeRecord("in", 3, offset, bytes([offset]), b"", ()) for offset in range(20)]
    letters = [dead_letter(Undecodable(one, "not-json", ""), 0, AT, TOPICS) for one in records]
    assert len({letter.shard for letter in letters}) == 1
    assert len({letter.id for letter in letters}) == 20
