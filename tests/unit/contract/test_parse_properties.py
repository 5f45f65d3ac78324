"""For any bytes, parse returns one result per record, in order, independently of other records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from service.contract.catalogue import COMMANDS
from service.contract.envelope import Received, Undecodable, parse
from service.core.command import Invalid
from service.core.problem import first_problems
from tests.support.record import FakeRecord
from tests.unit.contract import seed
from tests.unit.contract.support import LIMITS, TOPICS, binary, record

TEXTS = st.text(max_size=20) | st.sampled_from(["1.0", "pc:1", "office", "\0", "é" * 70, "2022-07-09"])
TYPES = st.sampled_from([kind.type for kind in COMMANDS])
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
FIELDS = sorted({field for event in seed.EVENTS_OF_COMMANDS.values() for field in event["data"]} | {"organization"})
BODIES = JSON | st.dictionaries(st.sampled_from(FIELDS) | TEXTS, JSON, max_size=8)
ATTRIBUTES = ("specversion", "id", "source", "type", "subject", "expectedversion", "correlationid", "replyto")
NAMES = st.sampled_from([f"ce_{name}" for name in ATTRIBUTES] + ["content-type", "Content-Type", "ce_", "x"])
HEADERS = st.lists(
    st.tuples(
        NAMES | st.text(max_size=8),
        st.none()
        | st.binary(max_size=20)
        | TEXTS.map(str.encode)
        | TYPES.map(str.encode)
        | st.sampled_from([b"application/cloudevents+json", b"application/json"]),
    ),
    max_size=8,
)
EVENTS = st.fixed_dictionaries(
    {"specversion": st.just("1.0"), "id": TEXTS, "source": TEXTS, "type": TYPES, "data": BODIES},
    optional=dict.fromkeys(ATTRIBUTES[4:], JSON),
)


def _bytes(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)


RAW = st.builds(
    FakeRecord,
    st.sampled_from([TOPICS.commands, TOPICS.operator_commands, "other"]),
    st.integers(0, 11),
    st.integers(0, 2**63 - 1),
    st.none() | st.binary(max_size=20),
    st.none() | st.binary(max_size=60) | BODIES.map(_bytes) | EVENTS.map(_bytes),
    HEADERS.map(tuple),
)
STRUCTURED = EVENTS.map(
    lambda event: FakeRecord(
        TOPICS.commands, 0, 0, None, _bytes(event), (("content-type", b"application/cloudevents+json"),)
    )
)
BINARY = st.builds(lambda body, kind: binary(_bytes(body), type=kind), BODIES, TYPES)
RIGHT = st.sampled_from([record(event) for event in seed.EVENTS_OF_COMMANDS.values()])


@given(st.lists(RAW | STRUCTURED | BINARY | RIGHT, max_size=8))
def test_every_record_has_a_result_whatever_its_bytes_are(records: list[FakeRecord]) -> None:
    answers = parse(records, TOPICS, LIMITS)
    assert [answer.record for answer in answers] == records
    for answer in answers:
        if isinstance(answer, Undecodable):
            assert answer.reason != "failed", answer.message
        else:
            _is_sound(answer)


@given(st.lists(RAW | STRUCTURED | BINARY | RIGHT, max_size=5), RAW, st.integers(0, 5))
def test_a_record_does_not_affect_the_results_of_others(
    records: list[FakeRecord], other: FakeRecord, index: int
) -> None:
    index = min(index, len(records))
    alone = parse(records, TOPICS, LIMITS)
    among = parse([*records[:index], other, *records[index:]], TOPICS, LIMITS)
    assert [*among[:index], *among[index + 1 :]] == alone


@given(BINARY | STRUCTURED)
def test_invalid_command_has_ordered_problems(one: FakeRecord) -> None:
    (answer,) = parse([one], TOPICS, LIMITS)
    if isinstance(answer, Received) and isinstance(answer.command.body, Invalid):
        problems = answer.command.body.problems
        assert first_problems(problems) == (problems, 0)
        assert all(problem.message and problem.code for problem in problems)


def _is_sound(answer: Received) -> None:
    """Check the guarantees that the core and the store rely on."""
    command = answer.command
    assert 0 < len(command.id) <= 128
    assert "\0" not in command.id + command.source + command.subject
    assert len(command.subject) <= 64
    assert command.subject or isinstance(command.body, Invalid)
    assert command.expected_version is None or 0 <= command.expected_version < 2**31
    if isinstance(command.body, Invalid):
        assert command.body.problems
    else:
        assert not any("\0" in text for text in _texts(asdict(command.body)))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, tuple | list):
        for part in value:
            yield from _texts(part)
