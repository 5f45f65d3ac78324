"""CSV rows are converted to the data of commands."""

import pytest

from service.cli.csv_input import InvalidCsv, csv_events


def problems_of(text: str) -> list[str]:
    with pytest.raises(InvalidCsv) as invalid:
        list(csv_events(text))
    return invalid.value.problems


def test_cells_are_converted_to_references_lists_and_booleans() -> None:
    text = (
        "subject,code,organization,roles,description,appointmentDate\n"
        'pc:16,301-008578,pc:4,producer; producercode_submission,"ACV, Property Insurance",2022-07-09\n'
    )
    assert list(csv_events(text)) == [
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
    columns = "type,value.line1,value.city,value.line2,enabled,groups,producerStatus"
    text = f"{columns}\noffice,1 Main St,Portland,,TRUE,a;b,Limited\n"
    assert next(iter(csv_events(text)))[1]["data"] == {
        "type": "office",
        "value": {"line1": "1 Main St", "city": "Portland"},
        "enabled": True,
        "groups": ["a", "b"],
        "producerStatus": {"code": "Limited"},
    }


def test_attributes_of_the_command_are_not_part_of_the_data() -> None:
    text = "id,subject,expectedversion,partitionkey,name\nc-1,pc:1,3,pc:1,Ada\n"
    assert list(csv_events(text)) == [
        (2, {"id": "c-1", "subject": "pc:1", "expectedversion": 3, "partitionkey": "pc:1", "data": {"name": "Ada"}})
    ]


def test_row_numbers_are_line_numbers_of_the_file_despite_empty_lines() -> None:
    assert [row for row, _ in csv_events("name\nAda\n\nGrace\n")] == [2, 4]


def test_every_invalid_row_is_reported() -> None:
    problems = problems_of("name,enabled\nAda,maybe\nGrace\nMary,true\n")
    assert problems == ["row 2: enabled must be true or false, not 'maybe'", "row 3: 1 cells, but the header has 2"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "row 1: a header with the column names is required"),
        ("\n", "row 1: a header with the column names is required"),
        ("name,name\nAda,Ada\n", "row 1: duplicate column names: name"),
        ("name,\nAda,x\n", "row 1: a column has no name"),
        ('name\n"Ada\n', "row 2: unexpected end of data"),
        ("value,value.city\nx,y\n", "row 2: value.city: the column value already has a value"),
    ],
)
def test_sheet_is_refused_when_it_has_no_clear_columns_or_is_not_csv(text: str, problem: str) -> None:
    assert problems_of(text) == [problem]
