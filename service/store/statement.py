"""Statements: one SQL text per file, and the parts from which some statements are composed.

The first line of a file in sql/read says whether it is a statement or a part of statements. A placeholder is a comment
with one word, as in `/*limit*/`; the comment at the head of the file lists them. Only constants of this package are
put in their place: values always travel as bound parameters.

A list is written as `(SELECT $1::text[])`, so that its length does not change the plan: PostgreSQL then makes a plan
for any values, which the session keeps. Otherwise it plans a statement of a small batch each time, for longer than it
runs. A plan may be made while the tables are empty, so LATERAL with LIMIT makes it look up key by key.
"""

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final

_FOLDER = Path(__file__).parent / "sql"

PLACEHOLDER: Final = re.compile(r"/\*(\w+)\*/")


def statement(name: str) -> str:
    """Return the text of `sql/<name>.sql`; a missing file is an error at import, not at the first use."""
    return (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def part(name: str) -> str:
    """Return the text of `sql/read/<name>.sql` without its comments."""
    lines = statement(f"read/{name}").splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("--"))


def fill(text: str, **parts: str) -> str:
    """Put parts in place of the placeholders with their names, indented as their lines; other placeholders stay."""
    lines = []
    for line in text.splitlines():
        indented = {name: parts[name].replace("\n", "\n" + _indent(line)) for name in parts}
        filled = PLACEHOLDER.sub(partial(_part_or_itself, indented), line)
        if filled.strip():
            lines.append(filled)
    return "\n".join(lines)


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _part_or_itself(parts: Mapping[str, str], placeholder: re.Match[str]) -> str:
    return parts.get(placeholder[1], placeholder[0])


def complete(text: str, **parts: str) -> str:
    """Put parts in place of all placeholders; raise ValueError when one is left."""
    text = fill(text, **parts)
    if left := PLACEHOLDER.findall(text):
        raise ValueError(f"nothing is given for the placeholder {', '.join(sorted(set(left)))}")
    return text
