"""Command preparation: missing attributes are added, keys keep the order, and invalid rows are reported."""

import orjson
import pytest

from service.cli.command_preparation import (
    SOURCE,
    CommandPreparer,
    PreparedCommand,
    derived_subjects,
    format_of,
    prepare_commands,
)
from service.cli.input_text import InvalidInput
from service.contract.topics import Topics

TOPICS = Topics("registry")


def prepare(*events: dict[str, object], **options: str) -> list[PreparedCommand]:
    return prepare_commands(b"\n".join(map(orjson.dumps, events)), "json", CommandPreparer(TOPICS, **options))


def users(text: str, series: str = "") -> list[PreparedCommand]:
    return prepare_commands(text.encode(), "csv", CommandPreparer(TOPICS, type_="user.create", series=series))


def problems_of(content: bytes, form: str = "json", type_: str | None = None) -> list[str]:
    with pytest.raises(InvalidInput) as invalid:
        prepare_commands(content, "csv" if form == "csv" else "json", CommandPreparer(TOPICS, type_=type_))
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
    assert len(command.id) == 32


def test_a_row_keeps_its_id_when_other_rows_columns_and_line_breaks_change() -> None:
    ada, grace = users("name,email\nAda,a@x\nGrace,g@y\n")
    corrected = users("email;name;username\r\ng@x;Grace;\r\n\r\na@x;Ada;\r\n")
    assert (corrected[1].id, corrected[1].row) == (ada.id, 4)
    assert corrected[0].id != grace.id
    (line,) = prepare({"data": {"email": "a@x", "name": "Ada"}, "type": "user.create"})
    assert line.id == ada.id
    assert prepare({"data": {"email": "a@x", "name": "Ada"}, "type": "user.update"})[0].id != ada.id


def test_equal_rows_have_different_ids_by_their_occurrence() -> None:
    first, second = users("name\nAda\nAda\n")
    assert first.id != second.id
    assert [command.id for command in users("name\nAda\nGrace\nAda\n")][::2] == [first.id, second.id]


def test_an_attempt_and_a_series_have_ids_of_their_own() -> None:
    (first,) = users("name\nAda\n")
    preparer = CommandPreparer(TOPICS)
    second = preparer.next_attempt(first)
    third = preparer.next_attempt(second)
    (other,) = users("name\nAda\n", series="x")
    assert len({first.id, second.id, third.id, other.id}) == 4
    assert preparer.next_attempt(users("name\nAda\n")[0]).id == second.id
    assert {**orjson.loads(second.value), "id": ""} == {**orjson.loads(first.value), "id": ""}
    assert (second.row, second.topic) == (first.row, first.topic)


def test_a_warning_names_the_rows_that_create_objects_with_derived_ids() -> None:
    commands = users("name,subject,id\nAda,,\nGrace,pc:1,\nMary,,own\nJoan,,\n")
    warning = derived_subjects(commands)
    assert warning is not None
    assert warning.startswith("rows 2, 5: the id of the object is derived from the row")
    assert derived_subjects(commands[1:3]) is None
    assert derived_subjects(prepare({"type": "user.update", "data": {}})) is None


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


def test_attributes_without_a_value_or_a_meaning_do_not_change_the_id_of_a_row() -> None:
    """Exporters write null for missing attributes, which the JSON format of CloudEvents allows, and their time."""
    plain, *others = prepare(
        {"type": "user.create", "subject": "pc:1", "data": {"name": "Ada"}},
        {"type": "user.create", "subject": "pc:2", "data": {"name": "Ada"}},
    )
    exported = {"id": None, "subject": "pc:1", "source": None, "correlationid": None, "data": {"name": "Ada"}}
    described = {"specversion": "1.0", "datacontenttype": "application/json", "time": "2026-11-29T17:00:00Z"}
    (command,) = prepare({"type": "user.create", **exported, **described})
    assert (command.id, command.source) == (plain.id, SOURCE)
    assert orjson.loads(command.value)["time"] == described["time"]
    assert others[0].id != plain.id
    (changed,) = prepare({"type": "user.update", "subject": "pc:1", "data": {"name": None}})
    assert changed.id != prepare({"type": "user.update", "subject": "pc:1", "data": {}})[0].id


def test_rows_that_differ_only_in_their_time_have_different_ids() -> None:
    event = {"type": "user.create", "data": {"name": "Ada"}}
    first, second = prepare({**event, "time": "2026-11-29T17:00:00Z"}, {**event, "time": "2026-11-29T17:00:01Z"})
    assert first.id != second.id


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b'[{"type": "group.create"},\n{"type": "group.create"}]\n', "row 1: this is the begin of a JSON array"),
        (b'\n[\n{"type": "group.create"}\n]\n', "row 2: this is the begin of a JSON array"),
        (b'{\n  "type": "group.create"\n}\n{\n  "type": "group.create"\n}\n', "row 1: the object has several lines"),
    ],
)
def test_json_that_is_not_in_lines_is_refused_with_one_message(content: bytes, problem: str) -> None:
    (reported,) = problems_of(content)
    assert reported.startswith(problem)
    assert "`jq" in reported


def test_a_message_about_json_names_the_row_and_the_column_only() -> None:
    assert problems_of(b'{"type": "group.create"}\n# end\n') == [
        "row 2: not JSON: unexpected character, expected a JSON value, at column 1"
    ]
    assert problems_of(b'{"type": "group.create", "id": 7}') == ["row 1: id must be a string that is not empty"]


def test_rows_with_one_id_and_another_content_are_refused() -> None:
    """The registry decides an id once, so the second row would be reported as decided without an effect."""
    rows = b"id,subject,name\n1,pc:1,Ada\n1,pc:1,Ada\n2,pc:2,Grace\n1,pc:1,Adele\n2,pc:3,Mary\n"
    assert problems_of(rows, "csv", "user.update") == [
        "row 5: row 2 has the same id 1, but another content: give each row an id of its own, or none",
        "row 6: row 4 has the same id 2, but another content: give each row an id of its own, or none",
    ]
    others: list[dict[str, object]] = [
        {"type": "user.update", "id": "1", "source": "/a", "data": {"name": "Ada"}},
        {"type": "user.update", "id": "1", "source": "/b", "data": {"name": "Grace"}},
        {"type": "role.put", "id": "1", "source": "/a", "subject": "r", "data": {}},
    ]
    assert len(prepare(*others)) == 3


def test_every_row_that_cannot_be_sent_is_reported() -> None:
    problems = problems_of(b'{"type": "group.creat"}\n[1]\nnot json\n{"type": "group.create"}\n{}\n')
    assert [problem.split(":")[0] for problem in problems] == ["row 1", "row 2", "row 3", "row 5"]
    assert problems[0] == "row 1: group.creat is not a command type: did you mean group.create?"


def test_csv_without_a_command_type_is_refused() -> None:
    assert problems_of(b"name\nAda\n", "csv") == ["CSV has no column for the type of the commands: use --type"]
    assert problems_of(b"name\nAda\n", "csv", "user.creat") == [
        "user.creat is not a command type: did you mean user.create?"
    ]


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
        ("x.NDJSON", b"# comment\n{}", "json"),
        ("x.json", b"", "json"),
    ],
)
def test_format_is_detected_by_name_or_first_character(name: str, content: bytes, form: str) -> None:
    assert format_of(name, content) == form
