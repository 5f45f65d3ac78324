"""Composed statements equal their golden files, and the head of each file of sql/read lists its placeholders."""

import re
from pathlib import Path

import pytest

from service import store
from service.store.statement import PLACEHOLDER, complete, fill, part
from tests.unit.store.golden import FOLDER, statements, text

STATEMENTS = statements()
FILES = sorted(path.stem for path in (Path(store.__file__).parent / "sql" / "read").glob("*.sql"))
LISTED = re.compile(r"^--   (\w+(?:, \w+)*)  ", re.MULTILINE)


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_statements_equal_their_golden_file(name: str) -> None:
    assert text(STATEMENTS[name]) == (FOLDER / name).read_text(encoding="utf-8"), (
        "if the change is wanted: python -m tests.unit.store.golden --write"
    )


def test_every_golden_file_has_statements() -> None:
    assert {path.name for path in FOLDER.iterdir()} == STATEMENTS.keys()


@pytest.mark.parametrize("name", FILES)
def test_head_of_a_file_says_what_it_is_and_lists_its_placeholders(name: str) -> None:
    text = (Path(store.__file__).parent / "sql" / "read" / f"{name}.sql").read_text(encoding="utf-8")
    assert re.match(r"-- (Statement|Part): ", text)
    head, _, listed = "".join(line for line in text.splitlines(True) if line.startswith("--")).partition(
        "-- Placeholders:\n"
    )
    assert not LISTED.findall(head)
    names = {word for found in LISTED.findall(listed) for word in found.split(", ")}
    assert names == set(PLACEHOLDER.findall(part(name)))


def test_part_is_indented_as_the_line_of_its_placeholder() -> None:
    assert fill("FROM (\n    /*source*/\n)", source="SELECT 1\nLIMIT 2") == "FROM (\n    SELECT 1\n    LIMIT 2\n)"


def test_empty_part_on_a_line_of_its_own_leaves_no_line() -> None:
    assert fill("WITH\n/*owner*/\npage AS (SELECT 1)", owner="") == "WITH\npage AS (SELECT 1)"


def test_statement_with_a_placeholder_left_is_refused() -> None:
    with pytest.raises(ValueError, match="placeholder filter"):
        complete("SELECT 1 WHERE /*row*/ /*filter*/", row="true")
