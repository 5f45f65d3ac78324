"""The synthetic commands of `load`, and the evaluation of their answers."""

from collections.abc import Iterator
from itertools import islice

import orjson
import pytest

from service.cli.load_workload import LoadWorkload, Tally
from service.contract.sending import CommandRecord
from service.contract.topics import Topics
from service.core.ids import created_subject

TOPICS = Topics("t")


def headers(kind: str, cause: str) -> list[tuple[str, bytes | None]]:
    return [("ce_type", f"producer-registry.{kind}.v1".encode()), ("ce_causationid", cause.encode()), ("other", None)]


def creates(workload: LoadWorkload) -> Iterator[tuple[str, CommandRecord]]:
    return islice(workload.commands(100), 0, 100, 2)


def test_every_update_follows_the_creation_of_its_code_under_the_same_key() -> None:
    created: dict[str, bytes | None] = {}
    updates = 0
    for identity, command in LoadWorkload("run", TOPICS).commands(5_000):
        attributes = dict(command.headers)
        assert command.topic == TOPICS.commands
        assert attributes["ce_id"] == identity.encode()
        if attributes["ce_type"].endswith(b"create.v1"):
            created[created_subject(attributes["ce_source"].decode(), identity)] = command.key
        else:
            updates += 1
            assert created[attributes["ce_subject"].decode()] == command.key
    assert updates == 2_500


def test_two_runs_share_only_the_organizations() -> None:
    one, two = LoadWorkload("one", TOPICS), LoadWorkload("two", TOPICS)
    assert [c.value for c in one.directory()] == [c.value for c in two.directory()]
    ids = {dict(c.headers)["ce_id"] for workload in (one, two) for c in workload.directory()}
    assert len(ids) == 2 * len(list(one.directory()))
    codes = {
        orjson.loads(c.value).get("code")
        for workload in (one, two)
        for _, c in islice(workload.commands(100), 0, 100, 2)
    }
    assert len(codes) == 100


def test_time_is_measured_from_the_due_time_until_the_event_is_read() -> None:
    tally = Tally({"a": 10.0, "b": 11.0}, started=10.0)
    tally.message(headers("producer-code.created", "a"), 10.5)
    tally.message(headers("command.accepted", "a"), 10.6)
    tally.message(headers("producer-code.created", "another application's"), 10.7)
    assert tally.open == 2
    tally.message(headers("command.rejected", "b"), 12.0)
    assert tally.open == 0
    summary = tally.summary()
    assert summary["outcomes"] == {"accepted": 1, "rejected": 1}
    assert summary["milliseconds"] == {"p50": 500.0, "p90": 500.0, "p99": 500.0, "max": 500.0}
    assert summary["rate"] == pytest.approx(1.0)
    assert (summary["commands"], summary["events"]) == (2, 1)
