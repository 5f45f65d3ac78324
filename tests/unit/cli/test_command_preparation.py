"""Command preparation: missing attributes are added, keys keep the order, and invalid rows are reported."""

import orjson
import pytest

from service.cli.command_preparation import (
    SOURCE,
    CommandPreparer,
    PreparedCommand,
    format_of,
    id_prefix_of,
    prepare_commands,
)
from service.cli.csv_input import InvalidCsv
from service.contract.topics import Topics

TOPICS = Topics("registry")


def prepare(*events: dict[str, object], **options: str) -> list[PreparedCommand]:
    content = b"\n".join(map(orjson.dumps, events))
    return prepare_commands(content, "json", CommandPreparer(TOPICS, seed=id_prefix_of(content), **options))


def problems_of(content: bytes, form: str = "json") -> list[str]:
    with pytest.raises(InvalidCsv) as invalid:
        prepare_commands(content, "csv" if form == "csv" else "json", CommandPreparer(TOPICS))
    return invalid.value.problems


def test_complete_event_is_not_changed() -> None:
    event: dict[str, object] = {
        "specversion": "1.0",
        "id": "c-1",
        "source": "/agency",
        "type": "producer-registry.branch.put.v1",
        "subject": "pc:S17",
        "datacontenttype": "application/json",
        "correlationid": "x",
        "data": {"branchCode": "301", "displayName": "Minneapolis Branch UW"},
    }
    (command,) = prepare(event)
    assert orjson.loads(command.value) == event
    assert (command.topic, command.source, command.id, command.key) == (
        "registry.operator.commands.v1",
        "/agency",
        "c-1",
        b"pc:S17",
    )


def test_missing_attributes_are_added() -> None:
    (command,) = prepare({"subject": "pc:1", "data": {}}, type_="user.create")
    event = orjson.loads(command.value)
    assert (event["specversion"], event["source"], event["type"]) == ("1.0", SOURCE, "producer-registry.user.create.v1")
    assert command.id.endswith(":1")


def test_generated_ids_are_the_same_when_the_same_file_is_sent_again() -> None:
    first, second = prepare({"type": "group.create"}, {"type": "group.create"})
    assert first.id != second.id
    assert prepare({"type": "group.create"}, {"type": "group.create"})[1].id == second.id
    assert prepare({"type": "group.create"})[0].id != first.id


def test_commands_of_an_organization_share_its_key_if_an_earlier_command_names_it() -> None:
    commands = prepare(
        {"type": "producer-code.create", "subject": "pc:16", "data": {"organization": {"id": "pc:4"}}},
        {"type": "producer-code.update", "subject": "pc:16", "data": {}},
        {"type": "group.create", "subject": "pc:669", "data": {"distributor_id": "pc:4"}},
        {"type": "group.add-producer-code", "subject": "pc:669", "data": {"producerCode": {"id": "pc:16"}}},
        {"type": "group.add-producer-code", "subject": "unknown", "data": {"producerCode": {"id": "pc:16"}}},
    )
    assert [command.key for command in commands] == [b"pc:4", b"pc:4", b"pc:4", b"pc:4", b"unknown"]


def test_operator_command_has_its_subject_as_key() -> None:
    commands = prepare(
        {"type": "group.create", "subject": "pc:669", "data": {"distributor_id": "pc:4"}},
        {"type": "group.grant-product", "subject": "pc:669", "data": {"product_id": "prd_1"}},
    )
    assert commands[1].key == b"pc:669"


def test_partitionkey_of_a_row_overrides_the_given_key() -> None:
    commands = prepare(
        {"type": "group.create", "subject": "a", "partitionkey": "own"},
        {"type": "group.create", "subject": "b"},
        key="k",
    )
    assert [command.key for command in commands] == [b"own", b"k"]


def test_every_row_that_cannot_be_sent_is_reported() -> None:
    problems = problems_of(b'{"type": "group.creat"}\n[1]\nnot json\n{"type": "group.create"}\n{}\n')
    assert [problem.split(":")[0] for problem in problems] == ["row 1", "row 2", "row 3", "row 5"]
    assert problems[0] == "row 1: group.creat is not a command type: did you mean group.create?"


def test_input_is_rejected_if_it_is_not_utf_8() -> None:
    assert problems_of(b"name\n\xff\n", "csv") == ["byte 5: the input is not UTF-8"]


def test_unicode_line_separators_in_a_string_do_not_end_the_line() -> None:
    content = '{"type": "group.create", "data": {"value": "a\u2028b"}}\n'.encode()
    assert len(prepare_commands(content, "json", CommandPreparer(TOPICS))) == 1


@pytest.mark.parametrize(
    ("name", "content", "form"),
    [
        ("codes.csv", b"{", "csv"),
        ("-", b'\n {"id": 1}', "json"),
        ("-", b"code,roles\n", "csv"),
        ("x.jsonl", b"{}", "json"),
        ("-", b"[]", "json"),
    ],
)
def test_format_is_detected_by_name_or_first_character(name: str, content: bytes, form: str) -> None:
    assert format_of(name, content) == form
