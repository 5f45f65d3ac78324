"""A rejection is small, whatever was sent: the first errors by path, the number of the others, and short texts."""

from __future__ import annotations

import tracemalloc

import orjson
import pytest

from service.contract.envelope import Received
from service.contract.render import render, repeat_outcome
from service.core.batch import decide_batch
from service.core.command import Invalid
from service.core.decision import Decision
from service.core.problem import MAX_ERRORS, MAX_NAME
from service.core.world import World
from tests.support.record import FakeRecord
from tests.unit.contract.support import AT, TOPICS, binary, received, record

SMALL = 8_192
"""Bytes of an outcome, or of its part that depends on the sender."""

MANY = 10_000


def invalid(one: FakeRecord) -> Invalid:
    """Parse a command whose body must be invalid."""
    body = received(one).command.body
    assert isinstance(body, Invalid)
    return body


def outcome(command: Received) -> bytes:
    """Decide a command in an empty world; return the data of its outcome."""
    [decision], _ = decide_batch([command.command], World())
    assert isinstance(decision, Decision)
    [message] = render(command, decision, 0, AT, TOPICS)
    return message.payload or b""


def user(**more: object) -> FakeRecord:
    """A user.create."""
    data = {"name": "Ann", "email": "ann@example.com", "organization": {"id": "pc:1"}, **more}
    return record({"type": "user.create", "id": "c-1", "source": "/x", "subject": "ann", "data": data})


def test_an_outcome_of_many_unknown_references_is_small() -> None:
    command = received(user(groups=[f"g{number}" for number in range(MANY)]))

    data = outcome(command)

    problem = orjson.loads(data)["problem"]
    assert [error["path"] for error in problem["errors"]] == sorted(f"/groups/{n}" for n in range(MANY))[:MAX_ERRORS]
    assert problem["more"] == MANY + 1 - MAX_ERRORS
    assert len(data) < SMALL
    again = repeat_outcome(command, data, 1, AT, TOPICS)
    assert again.payload == data


def test_an_outcome_with_all_errors_does_not_say_more() -> None:
    command = received(user(groups=[f"g{number}" for number in range(MAX_ERRORS - 1)]))
    problem = orjson.loads(outcome(command))["problem"]
    assert (len(problem["errors"]), "more" in problem) == (MAX_ERRORS, False)


def test_unknown_fields_are_counted() -> None:
    found = invalid(binary(orjson.dumps({f"field-{number}": 0 for number in range(MANY)})))
    assert [problem.path for problem in found.problems] == sorted(f"/field-{n}" for n in range(MANY))[:MAX_ERRORS]
    assert found.more == MANY - MAX_ERRORS


def test_errors_of_envelope_and_data_are_counted_together() -> None:
    headers = [(f"ce_{name}", b"1") for name in ("expectedVersion", "Expectedversion", "EXPECTEDVERSION")]
    data = {"name": "", "email": "", **{f"field-{number}": 0 for number in range(MAX_ERRORS)}}
    found = invalid(binary(orjson.dumps(data), *headers, subject="-", time="today", replyto="nowhere"))
    assert len(found.problems) == MAX_ERRORS
    assert found.more == len(headers) + len(("subject", "time", "replyto", "name", "email"))


def test_wrong_topic_is_the_only_error() -> None:
    one = binary(orjson.dumps({str(number): 0 for number in range(100)}), subject="-")
    found = invalid(FakeRecord(TOPICS.operator_commands, 0, 0, one.key, one.value, one.headers))
    assert ([problem.code for problem in found.problems], found.more) == (["wrong-topic"], 0)


def test_strings_with_nul_are_counted_once() -> None:
    # Each of them is also no id, which is the error that is reported.
    found = invalid(binary(orjson.dumps({"groups": ["\0"] * MANY})))
    assert (len(found.problems), found.more) == (MAX_ERRORS, MANY - MAX_ERRORS)
    found = invalid(user(domains=["\0"] * 50, name="\0"))
    assert (len(found.problems), found.more) == (MAX_ERRORS, 52 - MAX_ERRORS), "each domain, the field and the name"


@pytest.mark.parametrize("name", ["x" * 200_000, "é" * 100_000, "~/" * 100_000])
def test_a_long_field_name_is_shortened(name: str) -> None:
    [problem] = invalid(binary(orjson.dumps({name: 0}))).problems
    shown = f"{name[:MAX_NAME]}…"
    assert problem.path == "/" + shown.replace("~", "~0").replace("/", "~1")
    assert problem.message.startswith(f"{shown} is not a field of user.update; allowed fields: name, email, ")
    assert len(problem.message) < 500


def test_the_path_into_deep_data_is_shortened() -> None:
    deep = b'{"x":' * 900 + b"[" + b",".join([b'"\\u0000"'] * 30) + b"]" + b"}" * 900
    found = invalid(binary(deep))
    assert all(len(problem.path) < 300 and len(problem.message) < 400 for problem in found.problems)
    paths = {problem.path for problem in found.problems}
    assert paths == {"/x", "/x" * 128 + "/…"}, "a pointer is cut between two names"
    assert len(outcome(received(binary(deep)))) < 2 * SMALL


def test_a_search_for_nul_in_deep_data_needs_little_memory() -> None:
    wide = b'{"groups":' + b"[" * 900 + b'"\\u0000"' + b",0" * 100_000 + b"]" * 900 + b"}"
    one = binary(wide)
    tracemalloc.start()
    try:
        found = invalid(one)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(found.problems) == 2
    assert peak < 32 * 1024 * 1024


def test_the_largest_rejection_is_small() -> None:
    # Long names of four bytes per character, and a body at the limit.
    body = orjson.dumps({f"{number:02}" + "𐀀" * 200: 0 for number in range(100)} | {"x": "\0"})
    assert len(outcome(received(binary(body)))) < 4 * SMALL
