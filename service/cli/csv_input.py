"""Rows of a CSV file as the data of commands.

Each column is a field; a dot in its name addresses a nested field (`value.city`). References are written as ids, lists
are separated by semicolons, and an empty cell omits the field. The columns `id`, `subject`, `source`, `partitionkey`,
`correlationid`, `expectedversion` and `replyto` are attributes of the command.
"""

import difflib
import re
from collections.abc import Collection, Iterator
from typing import Any

from service.cli.csv_table import table
from service.cli.input_text import InvalidInput

ATTRIBUTES = frozenset({"id", "subject", "source", "partitionkey", "correlationid", "expectedversion", "replyto"})

# The columns whose cells are converted to another JSON type. Cells of all other columns are strings.
REFERENCES = frozenset({"organization", "branch", "producerCode"})
REFERENCE_LISTS = frozenset({"roles"})
LISTS = frozenset({"groups", "domains", "permissions"})
SWITCHES = frozenset({"enabled", "externalUser", "useProducerCodeSecurity", "insurer"})
CODED = frozenset({"producerStatus"})

# The numbers and errors that spreadsheets save, in all languages, in place of what was entered: 301008578001 becomes
# 3.01009E+11.
_REPLACED = re.compile(r"-?\d([.,]\d+)?E\+\d\d+|#N/A|#NV|#[^\W\d_][\w/]*[!?]")

# A text with leading zeros, written as a formula so that spreadsheets keep the zeros.
_FORMULA = re.compile(r'="([^"]*)"')

# MySQL and the text format of PostgreSQL.
_NULL = r"\N"


def columns_of(schema: dict[str, Any]) -> list[str]:
    """Return the columns that a JSON Schema of data allows: its fields, and the fields of objects as `value.city`."""
    columns: dict[str, None] = {}

    def visit(node: dict[str, Any], prefix: str) -> None:
        for part in (*node.get("anyOf", ()), *node.get("oneOf", ())):
            visit(part, prefix)
        if "$ref" in node:
            visit(schema["$defs"][node["$ref"].rpartition("/")[2]], prefix)
        for name, part in node.get("properties", {}).items():
            columns[f"{prefix}{name}"] = None
            visit(part, f"{prefix}{name}.")

    visit(schema, "")
    return list(columns)


def csv_events(text: str, fields: Collection[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the row number of each row (the header is usually row 1) and its attributes, with the fields under "data".

    `fields` are the names of the columns that are fields of the data. Raises InvalidInput, for a column that is neither
    a field nor an attribute before the first row.
    """
    rows = table(text)
    first, header = next(rows)
    unknown = [_unknown(name, fields) for name in header if name not in ATTRIBUTES and name not in fields]
    if unknown:
        raise InvalidInput([f"row {first}: {problem}" for problem in unknown])
    problems: list[str] = []
    try:
        for row, cells in rows:
            try:
                yield row, _event(dict(zip(header, cells, strict=True)))
            except ValueError as error:
                problems.append(f"row {row}: {error}")
    except InvalidInput as invalid:
        problems += invalid.problems
    if problems:
        raise InvalidInput(problems)


def _unknown(column: str, fields: Collection[str]) -> str:
    known = {name.lower(): name for name in (*fields, *sorted(ATTRIBUTES))}
    near = difflib.get_close_matches(column.lower(), known, n=1)
    if near:
        return f"there is no column {column}: did you mean {known[near[0]]}?"
    return f"there is no column {column}; the columns are {', '.join(known.values())}"


def _event(cells: dict[str, str]) -> dict[str, Any]:
    event: dict[str, Any] = {}
    data: dict[str, Any] = {}
    for column, cell in cells.items():
        formula = _FORMULA.fullmatch(cell)
        value = formula[1] if formula else cell
        if value in {"", _NULL}:
            continue
        if _REPLACED.fullmatch(value):
            raise ValueError(
                f"{column} is {value}, which a spreadsheet has put in place of the value: enter it again as text"
            )
        if column == "expectedversion":
            if not value.isdecimal():
                raise ValueError(f"{column} must be a whole number, not {value!r}")
            event[column] = int(value)
        elif column in ATTRIBUTES:
            event[column] = value
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
