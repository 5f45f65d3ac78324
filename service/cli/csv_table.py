"""The header and the rows of a CSV file as spreadsheets write it, with row numbers as they show them."""

import csv
import io
import re
from collections.abc import Iterable, Iterator

from service.cli.input_text import InvalidInput

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "pipes"}

# Spreadsheets read the separator from this line and do not show it as a row.
_SEP_LINE = re.compile(r'"?sep=(.)"?[,;\t]*\n', re.IGNORECASE)

# Cells that were copied from documents and web pages may begin or end with characters that nobody sees.
_INVISIBLE = "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\u00a0\u00ad\u1680\u3000\ufeff" + "".join(
    map(chr, (*range(0x2000, 0x2010), *range(0x2028, 0x2030), *range(0x205F, 0x2070)))
)


def table(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the header, then each row that is not blank, with its row number.

    The first row of a spreadsheet has the number 1, and a row whose cells contain line breaks counts as one. All rows
    have as many cells as the header. Cells have no white space and no invisible characters at their ends. Raises
    InvalidInput with all rows that have another number of cells.
    """
    given = _SEP_LINE.match(text)
    if given:
        text = text[given.end() :]
    # A cell may be as long as the file: the registry decides how long a body may be.
    csv.field_size_limit(max(len(text), 1))
    header: list[str] = []
    problems: list[str] = []
    row = 0
    reader = _reader(io.StringIO(text, newline=""), given[1] if given else _separator(text), strict=True)
    try:
        for row, found in enumerate(reader, start=1):
            cells = [_trimmed(cell) for cell in found]
            if not any(cells):
                continue
            if not header:
                header = _header(row, cells)
                yield row, header
            elif len(cells) < len(header) or any(cells[len(header) :]):
                problems.append(f"row {row}: {len(cells)} cells, but the header has {len(header)}")
            else:
                yield row, cells[: len(header)]
    except csv.Error as error:
        problems.append(f"row {row + 1}: {error}")
    if not header and not problems:
        problems.append("row 1: a header with the column names is required")
    if problems:
        raise InvalidInput(problems)


def _reader(lines: Iterable[str], separator: str, *, strict: bool = False) -> Iterator[list[str]]:
    # Some exporters write a space behind the separator, also in front of a quotation mark.
    return csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=strict)


def _trimmed(cell: str) -> str:
    return cell.strip(_INVISIBLE)


def _separator(text: str) -> str:
    """Return the separator of the first line that is not blank."""
    line = next((line for line in text.split("\n") if line.strip()), "")
    found = [separator for separator in SEPARATORS if len(next(_reader([line], separator))) > 1]
    if len(found) > 1:
        names = " and ".join(SEPARATORS[separator] for separator in found)
        raise InvalidInput(
            [f"the header has {names}: separate the columns by one of them, or name it in a first line such as sep=;"]
        )
    return found[0] if found else ","


def _header(row: int, cells: list[str]) -> list[str]:
    names = list(cells)
    while not names[-1]:
        names.pop()
    duplicates = sorted({name for name in names if names.count(name) > 1})
    if not all(names):
        raise InvalidInput([f"row {row}: column {names.index('') + 1} has no name"])
    if duplicates:
        raise InvalidInput([f"row {row}: duplicate column names: {', '.join(duplicates)}"])
    return names
