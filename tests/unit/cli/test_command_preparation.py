"""Commands on their way out: filled in, keyed so that order holds, refused by row."""

import orjson
import pytest

from service.cli.command_preparation import SOURCE, CommandPreparer, PreparedCommand, form_of, prepared, seed_of
from service.cli.csv_input import InvalidCsv
from service.contract.topics import Topics

TOPICS = Topics("registry")


def sent(*events: dict[str, object], **options: str) -> list[PreparedCommand]:
    content = b"\n".join(map(orjson.dumps, events))
    return prepared(content, "json", CommandPreparer(TOPICS, seed=seed_of(content), **options))


def refusal(content: bytes, form: str = "json") -> list[str]:
    with pytest.raises(InvalidCsv) as refused:
        prepared(content, "csv" if form == "csv" else "json", CommandPreparer(TOPICS))
    return refused.value.problems


def test_event_is_kept_as_it_is_when_it_is_whole() -> None:
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
    (command,) = sent(event)
    assert orjson.loads(command.value) == event
    assert (command.topic, command.source, command.id, command.key) == (
        "registry.operator.commands.v1",
        "/agency",
        "c-1",
        b"pc:S17",
    )


def test_what_is_left_out_is_filled_in() -> None:
    (command,) = sent({"subject": "pc:1", "data": {}}, type_="user.create")
    event = orjson.loads(command.value)
    assert (event["specversion"], event["source"], event["type"]) == ("1.0", SOURCE, "producer-registry.user.create.v1")
    assert command.id.endswith(":1")


def test_id_is_the_same_when_the_same_file_is_sent_again() -> None:
    first, second = sent({"type": "group.create"}, {"type": "group.create"})
    assert first.id != second.id
    assert sent({"type": "group.create"}, {"type": "group.create"})[1].id == second.id
    assert sent({"type": "group.create"})[0].id != first.id


def test_commands_of_an_organization_share_its_key_when_only_the_first_names_it() -> None:
    commands = sent(
        {"type": "producer-code.create", "subject": "pc:16", "data": {"organization": {"id": "pc:4"}}},
        {"type": "producer-code.update", "subject": "pc:16", "data": {}},
        {"type": "group.create", "subject": "pc:669", "data": {"distributor_id": "pc:4"}},
        {"type": "group.add-producer-code", "subject": "pc:669", "data": {"producerCode": {"id": "pc:16"}}},
        {"type": "group.add-producer-code", "subject": "unheard-of", "data": {"producerCode": {"id": "pc:16"}}},
    )
    assert [command.key for command in commands] == [b"pc:4", b"pc:4", b"pc:4", b"pc:4", b"unheard-of"]


def test_operator_command_has_its_subject_as_key() -> None:
    commands = sent(
        {"type": "group.create", "subject": "pc:669", "data": {"distributor_id": "pc:4"}},
        {"type": "group.grant-product", "subject": "pc:669", "data": {"product_id": "prd_1"}},
    )
    assert commands[1].key == b"pc:669"


def test_given_key_goes_before_all_and_the_rows_own_before_that() -> None:
    commands = sent(
        {"type": "group.create", "subject": "a", "partitionkey": "own"},
        {"type": "group.create", "subject": "b"},
        key="k",
    )
    assert [command.key for command in commands] == [b"own", b"k"]


def test_every_row_that_cannot_be_sent_is_reported() -> None:
    problems = refusal(b'{"type": "group.creat"}\n[1]\nnot json\n{"type": "group.create"}\n{}\n')
    assert [problem.split(":")[0] for problem in problems] == ["row 1", "row 2", "row 3", "row 5"]
    assert problems[0] == "row 1: group.creat is not a type of command: did you mean group.create?"


def test_input_is_refused_when_it_is_not_utf_8() -> None:
    assert refusal(b"name\n\xff\n", "csv") == ["byte 5: the input is not UTF-8"]


def test_line_separators_inside_a_text_do_not_end_the_line() -> None:
    content = '{"type": "group.create", "data": {"value": "a\u2028b"}}\n'.encode()
    assert len(prepared(content, "json", CommandPreparer(TOPICS))) == 1


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
def test_form_is_known_by_name_or_first_character(name: str, content: bytes, form: str) -> None:
    assert form_of(name, content) == form
