"""CSV files as spreadsheets write them: separators, row numbers, blank rows and columns."""

import pytest

from service.cli.csv_table import table
from service.cli.input_text import InvalidInput, decode, rows_text


def rows(content: str | bytes) -> list[tuple[int, list[str]]]:
    return list(table(decode(content.encode() if isinstance(content, str) else content)))


def problems_of(content: str | bytes) -> list[str]:
    with pytest.raises(InvalidInput) as invalid:
        rows(content)
    return invalid.value.problems


@pytest.mark.parametrize(
    "text",
    [
        "code,roles\nA-1,x;y\n",
        "code;roles\nA-1;'x;y'\n".replace("'", '"'),
        "code\troles\nA-1\tx;y\n",
        'sep=;\ncode;roles\nA-1;"x;y"\n',
        '"sep=|"\ncode|roles\nA-1|x;y\n',
        "SEP=,\r\ncode,roles\r\nA-1,x;y\r\n",
        "code|roles\nA-1|x;y\n",
        'code, roles\n"A-1", "x;y"\n',
        "\ufeff\ufeffcode\u200b,\u2060roles\u00a0\n\u200eA-1,\u00a0x;y\u200b\n",
        "code,roles\r\nA-1,x;y\r\n\x1a",
        "code,roles\rA-1,x;y\r",
        "\ufeffcode,roles\nA-1,x;y",
    ],
)
def test_the_separator_is_found_and_its_line_is_not_a_row(text: str) -> None:
    assert rows(text) == [(1, ["code", "roles"]), (2, ["A-1", "x;y"])]


def test_row_numbers_are_those_of_the_spreadsheet() -> None:
    text = 'name,note\n"Ada","one\ntwo\n\nthree"\n\nGrace,x\n'
    assert [(row, cells[0]) for row, cells in rows(text)] == [(1, "name"), (2, "Ada"), (4, "Grace")]
    assert [row for row, _ in rows(text.replace("\n", "\r\n"))] == [1, 2, 4]


def test_blank_first_rows_and_empty_last_columns_are_skipped() -> None:
    assert rows("\n;;;\nname;email;;\nAda;a@x;;\nGrace;g@x\n;;\n") == [
        (3, ["name", "email"]),
        (4, ["Ada", "a@x"]),
        (5, ["Grace", "g@x"]),
    ]


def test_a_cell_may_be_as_long_as_a_body() -> None:
    assert rows("name,note\nAda," + "x" * 262_144 + "\n")[1][1][1] == "x" * 262_144


def test_every_row_with_another_number_of_cells_is_reported() -> None:
    assert problems_of("name,email\nAda\nGrace,g@x,more\nMary,m@x\n") == [
        "row 2: 1 cells, but the header has 2",
        "row 3: 3 cells, but the header has 2",
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "row 1: a header with the column names is required"),
        ("\n \n", "row 1: a header with the column names is required"),
        ("name,name\nAda,Ada\n", "row 1: duplicate column names: name"),
        ("\nname,,email\nAda,x,y\n", "row 2: column 2 has no name"),
        ('name,email\nMary,m@x\n"Ada\n', "row 3: unexpected end of data"),
        (
            "name,email;note\nAda,x;y\n",
            "the header has commas and semicolons: separate the columns by one of them, or name it in a first line"
            " such as sep=;",
        ),
        (
            "name,email\nAda,x\n".encode("utf-16"),
            'the input is UTF-16: save the file as UTF-8 (in Excel: "Save As" with the file type "CSV UTF-8")',
        ),
        (
            "name,email\nAda,x\n".encode("utf-16-le"),
            'the input is UTF-16: save the file as UTF-8 (in Excel: "Save As" with the file type "CSV UTF-8")',
        ),
        (
            b"PK\x03\x04\x14\0\6\0",
            "the input is an Excel workbook or another ZIP archive: save the file as UTF-8"
            ' (in Excel: "Save As" with the file type "CSV UTF-8")',
        ),
        (
            bytes.fromhex("d0cf11e0a1b11ae10000"),
            "the input is an Excel workbook: save the file as UTF-8"
            ' (in Excel: "Save As" with the file type "CSV UTF-8")',
        ),
        (b"\x1f\x8b\x08\0\0", "the input is compressed: decompress it, for example with `gunzip --stdout FILE`"),
        (
            b"name\nM\xfcller\n",
            "line 2, byte 6: the input is not UTF-8: save the file as UTF-8"
            ' (in Excel: "Save As" with the file type "CSV UTF-8")',
        ),
    ],
)
def test_what_is_not_understood_is_refused(content: str | bytes, problem: str) -> None:
    assert problems_of(content) == [problem]


def test_row_numbers_are_shown_as_ranges() -> None:
    assert rows_text([2]) == "row 2"
    assert rows_text([2, 4, 5, 6, 9]) == "rows 2, 4 to 6, 9"
