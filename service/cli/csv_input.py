"""Rows of a CSV file as the data of commands.

Each column is a field; a dot in its name addresses a nested field (`value.city`). References are written as ids, lists
are separated by semicolons, and an empty cell omits the field. The columns `id`, `subject`, `source`, `partitionkey`,
`correlationid`, `expectedversion` and `replyto` are attributes of the command.
"""

import csv
import io
from collections.abc import Iterator
from typing import Any

ATTRIBUTES = frozenset({"id", "subject", "source", "partitionkey", "correlationid", "expectedversion", "replyto"})

# The columns whose cells are converted to another JSON type. Cells of all other columns are strings.
REFERENCES = frozenset({"organization", "branch", "producerCode"})
REFERENCE_LISTS = frozenset({"roles"})
LISTS = frozenset({"groups", "domains", "permissions"})
SWITCHES = frozenset({"enabled", "externalUser", "useProducerCodeSecurity", "insurer"})
CODED = frozenset({"producerStatus"})


class InvalidCsv(Exception):
    """The input cannot be converted to commands. `problems` has one line for each invalid row."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def csv_events(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the line number of each row (the header is row 1) and its attributes, with the fields under "data".

    Raises InvalidCsv if the header is missing or a row does not match the columns.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    problems: list[str] = []
    try:
        header = [name.strip() for name in next(reader, [])]
        if not any(header):
            raise InvalidCsv(["row 1: a header with the column names is required"])
        duplicates = sorted({name for name in header if header.count(name) > 1})
        if not all(header):
            raise InvalidCsv(["row 1: a column has no name"])
        if duplicates:
            raise InvalidCsv([f"row 1: duplicate column names: {', '.join(duplicates)}"])
        for cells in reader:
            row = reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                problems.append(f"row {row}: {len(cells)} cells, but the header has {len(header)}")
                continue
            try:
                yield row, _event(dict(zip(header, cells, strict=True)))
            except ValueError as error:
                problems.append(f"row {row}: {error}")
    except csv.Error as error:
        problems.append(f"row {reader.line_num}: {error}")
    if problems:
        raise InvalidCsv(problems)


def _event(cells: dict[str, str]) -> dict[str, Any]:
    event: dict[str, Any] = {}
    data: dict[str, Any] = {}
    for column, cell in cells.items():
        value = cell.strip()
        if not value:
            continue
        if column in ATTRIBUTES:
            event[column] = int(value) if column == "expectedversion" and value.isdecimal() else value
        else:
            _put(data, column, value)
    event["data"] = data
    return event


def _put(data: dict[str, Any], column: str, text: str) -> None:
    *outer, last = column.split(".")
    for name in outer:
        data = data.setdefault(name, {})
        if not isinstance(data, dict):
            raise ValueError(f"{column}: the column {name} already has a value")
    data[last] = _value(column, text)


def _value(column: str, text: str) -> Any:
    parts = [part for piece in text.split(";") if (part := piece.strip())]
    if column in REFERENCES:
        return {"id": text}
    if column in REFERENCE_LISTS:
        return [{"id": part} for part in parts]
    if column in LISTS:
        return parts
    if column in CODED:
        return {"code": text}
    if column in SWITCHES:
        if text.lower() not in {"true", "false"}:
            raise ValueError(f"{column} must be true or false, not {text!r}")
        return text.lower() == "true"
    return text
