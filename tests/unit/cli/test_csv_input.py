"""CSV rows are converted to the data of commands."""

import orjson
import pytest

from service.cli.csv_input import columns_of, csv_events
from service.cli.input_text import InvalidInput
from service.contract import schemas


def columns(command: str) -> list[str]:
    return columns_of(orjson.loads(schemas.committed(command)))


def events(text: str, command: str = "user.create") -> list[tuple[int, dict[str, object]]]:
    return list(csv_events(text, columns(command)))


def problems_of(text: str) -> list[str]:
    with pytest.raises(InvalidInput) as invalid:
        events(text)
    return invalid.value.problems


def test_cells_are_converted_to_references_lists_and_booleans() -> None:
    text = (
        "subject,code,organization,roles,description,appointmentDate\n"
        'pc:16,301-008578,pc:4,producer; producercode_submission,"ACV, Property Insurance",2022-07-09\n'
    )
    assert events(text, "producer-code.create") == [
        (
            2,
            {
                "subject": "pc:16",
                "data": {
                    "code": "301-008578",
                    "organization": {"id": "pc:4"},
                    "roles": [{"id": "producer"}, {"id": "producercode_submission"}],
                    "description": "ACV, Property Insurance",
                    "appointmentDate": "2022-07-09",
                },
            },
        )
    ]


def test_dotted_columns_are_nested_fields_and_empty_cells_are_omitted() -> None:
    columns = "type,value.line1,value.city,value.line2,distributor_id"
    ((_, event),) = events(f"{columns}\noffice,1 Main St,Portland,,pc:4\n", "group.create")
    assert event["data"] == {
        "type": "office",
        "value": {"line1": "1 Main St", "city": "Portland"},
        "distributor_id": "pc:4",
    }
    ((_, event),) = events("enabled,groups\nTRUE,a;b\n")
    assert event["data"] == {"enabled": True, "groups": ["a", "b"]}
    ((_, event),) = events("producerStatus,organization.id\nLimited,pc:4\n", "producer-code.create")
    assert event["data"] == {"producerStatus": {"code": "Limited"}, "organization": {"id": "pc:4"}}


def test_attributes_of_the_command_are_not_part_of_the_data() -> None:
    text = "id,subject,expectedversion,partitionkey,name\nc-1,pc:1,3,pc:1,Ada\n"
    assert events(text) == [
        (2, {"id": "c-1", "subject": "pc:1", "expectedversion": 3, "partitionkey": "pc:1", "data": {"name": "Ada"}})
    ]


def test_every_invalid_row_is_reported() -> None:
    problems = problems_of("name,enabled\nAda,maybe\nGrace\nMary,true\n")
    assert problems == ["row 2: enabled must be true or false, not 'maybe'", "row 3: 1 cells, but the header has 2"]


def test_an_unknown_column_is_refused_by_name_before_any_row() -> None:
    assert problems_of("name,E-Mail,expectedVersion,colour\nAda,a@x,1,red\n") == [
        "row 1: there is no column E-Mail: did you mean email?",
        "row 1: there is no column expectedVersion: did you mean expectedversion?",
        f"row 1: there is no column colour; the columns are {', '.join(columns('user.create'))}, correlationid,"
        " expectedversion, id, partitionkey, replyto, source, subject",
    ]


def test_two_columns_for_one_field_are_refused() -> None:
    with pytest.raises(InvalidInput) as invalid:
        events("value,value.city\nx,y\n", "group.create")
    assert invalid.value.problems == ["row 2: value.city: the column value already has a value"]


@pytest.mark.parametrize("cell", ["1.23E+05", "1,23E+15", "#N/A", "#NV", "#REF!", "#NAME?", "#DIV/0!", "#WERT!"])
def test_a_value_that_a_spreadsheet_has_replaced_is_refused(cell: str) -> None:
    assert problems_of(f"name;email\nAda;{cell}\n") == [
        f"row 2: email is {cell}, which a spreadsheet has put in place of the value: enter it again as text"
    ]


def test_cells_that_only_look_like_replaced_values_are_understood() -> None:
    values = ["1E5", "#1", "E+05", "N/A", "#4!"]
    assert [event["data"] for _, event in events("email\n" + "\n".join(values))] == [{"email": x} for x in values]


def test_a_text_that_is_written_as_a_formula_keeps_its_zeros() -> None:
    ((_, event),) = events('name,email\n="0123","=""04"""\n')
    assert event["data"] == {"name": "0123", "email": "04"}


def test_a_null_of_a_database_export_is_an_empty_cell() -> None:
    ((_, event),) = events("subject\tname\temail\n\\N\tAda\t\\N\n")
    assert event == {"data": {"name": "Ada"}}


def test_an_expected_version_that_is_not_a_number_is_refused() -> None:
    assert problems_of("name,expectedversion\nAda,3.0\n") == [
        "row 2: expectedversion must be a whole number, not '3.0'"
    ]
