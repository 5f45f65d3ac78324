"""Stored outcomes: the data of every outcome come back byte for byte."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.contract.catalogue import COMMANDS, REJECTIONS
from service.contract.outcome import outcome_data
from service.contract.record import Received
from service.contract.render import render
from service.core.batch import decide_batch
from service.core.command import Command, Invalid
from service.core.decision import Decision, Problem, Repeat
from service.core.world import World
from service.store.stored_outcome import (
    ACCEPTED,
    DATA,
    TYPES,
    UNCHANGED,
    OutcomeCorrupt,
    packed_outcome,
    unpacked_outcome,
)
from tests.support.asked import commands, record
from tests.support.history import foundation, history
from tests.support.record import TOPICS

FOUNDED = decide_batch(commands(foundation()), World())[1]
EVENT = "6ba7b810-9dad-51d1-80b4-00c04fd430c8"
SUBJECT = "01890a5d-ac96-774b-bcce-b302099a8057"

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
names = texts | st.uuids().map(str) | st.uuids().map(lambda one: str(one).upper())
problems = st.builds(Problem, st.sampled_from(sorted(REJECTIONS)), texts, texts)


def sent(type_: str = "group.create", subject: str = SUBJECT, source: str = "/s", id_: str = "c") -> Command:
    return Command("commands", source, id_, type_, subject, None, Invalid(()))


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_what_the_core_decides_comes_back(seed: int) -> None:
    asked = history(Random(seed), 60, contended=True)
    given_ = commands(asked)
    for one, command, decision in zip(asked, given_, decide_batch(given_, FOUNDED)[0], strict=True):
        if isinstance(decision, Repeat):
            continue
        messages = render(Received(record(one, 0), command), decision, 1, "2026-11-30T00:00:00.000000Z", TOPICS)
        data = messages[-1].payload or b""
        stored = packed_outcome(command, decision, [message.id for message in messages[:-1]], data)
        assert unpacked_outcome(command.source, command.id, stored) == (decision.status, data)


@given(
    source=texts, id_=names, type_=st.sampled_from(sorted(TYPES)), subject=names,
    version=st.none() | st.integers(0, 2**31 - 1), event=st.none() | st.uuids(),
)  # fmt: skip
def test_every_outcome_without_problems_comes_back(  # noqa: PLR0917  # the parts of an outcome
    source: str, id_: str, type_: str, subject: str, version: int | None, event: object
) -> None:
    events = [] if event is None else [str(event)]
    status = "accepted" if events else "unchanged"
    data = outcome_data((source, id_, type_), subject, version, events)
    decision = Decision(status, version, None, ())  # type: ignore[arg-type]  # one of the two
    stored = packed_outcome(sent(type_, subject, source, id_), decision, events, data)
    assert unpacked_outcome(source, id_, stored) == (status, data)


@given(st.lists(problems, min_size=1, max_size=20), st.integers(0, 5))
def test_every_rejection_comes_back_and_is_hardly_longer(several: list[Problem], more: int) -> None:
    decision = Decision("rejected", None, None, tuple(several), more)
    [message] = render(Received(record(history(Random(1), 1)[0], 0), sent()), decision, 1, "", TOPICS)
    data = message.payload or b""
    stored = packed_outcome(sent(), decision, [], data)
    assert unpacked_outcome("/s", "c", stored) == ("rejected", data)
    assert len(stored) <= len(data) + 5


def test_a_long_rejection_is_compressed() -> None:
    decision = Decision("rejected", None, None, (Problem("invalid", "x must be y.", "/x"),) * 20)
    [message] = render(Received(record(history(Random(1), 1)[0], 0), sent()), decision, 1, "", TOPICS)
    data = message.payload or b""
    assert len(packed_outcome(sent(), decision, [], data)) < len(data) / 3


@pytest.mark.parametrize(
    ("status", "data"),
    [
        ("accepted", b'{"events": ["e"], "version": 1}'),
        ("unchanged", b'{"events":[],"version":null}'),
        ("rejected", b'{"events":[],"version":1,"problem":{}}'),
    ],
)
def test_data_of_an_earlier_version_come_back_as_they_were(status: str, data: bytes) -> None:
    assert unpacked_outcome("/s", "c", bytes([DATA]) + data) == (status, data)


def test_the_stored_form_never_changes() -> None:
    data = outcome_data(("/s", "c", "producer-code.update"), SUBJECT, 3, [EVENT])
    stored = packed_outcome(sent("producer-code.update"), Decision("accepted", 3, None, ()), [EVENT], data)
    assert stored.hex() == (
        "010600000003" "016ba7b8109dad51d180b400c04fd430c8" "0101890a5dac96774bbcceb302099a8057"
    )  # fmt: skip
    assert data == (
        b'{"command":{"source":"/s","id":"c","type":"producer-registry.producer-code.update.v1"},"subject":"%s",'
        b'"version":3,"events":["%s"]}' % (SUBJECT.encode(), EVENT.encode())
    ), "a row of an earlier version has to give what was published then: give new data a form of their own"


def test_every_type_of_command_has_a_number_of_its_own() -> None:
    assert TYPES.keys() == {kind.name for kind in COMMANDS}
    assert len(set(TYPES.values())) == len(TYPES)
    assert set(TYPES.values()) <= set(range(1, 256))


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\x00no json",
        b"\x00{}",
        b"\x01\x06",
        bytes([ACCEPTED, 0, 0, 0, 0, 1]),
        bytes([UNCHANGED, 6, 0, 0, 0, 1]) + b"\x00\xff",
        b"\x03\x00\x00\x00\x09short",
        b"\x03\xff\xff\xff\xffx",
        b"\x03\x00",
        bytes([99, 6, 0, 0, 0, 1]),
    ],
)
def test_what_was_not_written_is_named(value: bytes) -> None:
    with pytest.raises(OutcomeCorrupt, match="the outcome of c from /s cannot be read"):
        unpacked_outcome("/s", "c", value)
