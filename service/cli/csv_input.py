"""Rows of a CSV file as the data of commands: one column a field, references by id, lists with semicolons.

A column's name is the field's name, with a dot for what lies inside (`value.city`). An empty cell is a field that is
not given. Columns `id`, `subject`, `source`, `partitionkey`, `correlationid`, `expectedversion` and `replyto` are
attributes of the command itself.
"""

import csv
import io
from collections.abc import Iterator
from typing import Any

ATTRIBUTES = frozenset({"id", "subject", "source", "partitionkey", "correlationid", "expectedversion", "replyto"})

# How a cell is written in JSON, by its column; every other cell is a text.
REFERENCES = frozenset({"organization", "branch", "producerCode"})
REFERENCE_LISTS = frozenset({"roles"})
LISTS = frozenset({"groups", "domains", "permissions"})
SWITCHES = frozenset({"enabled", "externalUser", "useProducerCodeSecurity", "insurer"})
CODED = frozenset({"producerStatus"})


class InvalidCsv(Exception):
    """The input cannot be read as commands; `problems` has one line for each row that is wrong."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def csv_events(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each row's number in the file (the header is row 1) and its attributes, the data under "data".

    Raises SheetRefused when there is no header, or a row has other cells than the columns want.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    problems: list[str] = []
    try:
        header = [name.strip() for name in next(reader, [])]
        if not any(header):
            raise InvalidCsv(["row 1: a header with the names of the columns is needed"])
        doubled = sorted({name for name in header if header.count(name) > 1})
        if doubled or not all(header):
            raise InvalidCsv([f"row 1: each column needs its own name, see {', '.join(doubled) or 'the empty one'}"])
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
            raise ValueError(f"{column}: {name} has a value of its own already")
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
            raise ValueError(f"{column} is true or false, not {text!r}")
        return text.lower() == "true"
    return text
