"""The SQL statements of reads: every file is used, and all placeholders are replaced."""

import re
from pathlib import Path

import pytest

from service import store
from service.store import code_page, list_page
from service.store.code_page import Collection, Page, page_statement
from service.store.filter import FIELDS, OPERATORS, Filter, Sort, operators

STORE = Path(store.__file__).parent
MARK = re.compile(r"/\*.*?\*/")
COLLECTIONS = [part for part in vars(code_page).values() if isinstance(part, Collection)]


def test_every_sql_file_of_a_read_is_used() -> None:
    modules = ("caller_page", "code_page", "command_states", "list_page", "read_store")
    sources = "".join((STORE / f"{name}.py").read_text() for name in modules)
    files = sorted(path.stem for path in (STORE / "sql" / "read").glob("*.sql"))
    assert [name for name in files if f'"{name}"' not in sources and f'"read/{name}"' not in sources] == []
    assert len(files) > 20


@pytest.mark.parametrize("total", [False, True])
@pytest.mark.parametrize("number", range(len(COLLECTIONS)))
def test_page_statement_has_no_placeholders(number: int, total: bool) -> None:
    filters = tuple(Filter(name, o, ()) for name, field in FIELDS.items() for o in operators(field))
    sorts = (Sort("description", descending=True), Sort("appointmentDate"), Sort("code", descending=True))
    text = page_statement(COLLECTIONS[number], Page(total=total, filters=filters, sorts=sorts))
    assert MARK.findall(text) == []
    numbers = {int(found) for found in re.findall(r"\$(\d+)", text)}
    assert numbers == set(range(1, COLLECTIONS[number].first + len(filters)))
    assert len(COLLECTIONS) == 6
    assert len(OPERATORS) == 10


@pytest.mark.parametrize("typed", [False, True])
@pytest.mark.parametrize("narrowed", [False, True])
def test_list_statement_has_a_parameter_for_each_value(typed: bool, narrowed: bool) -> None:
    groups = list_page.group_statement(100, typed=typed, narrowed=narrowed)
    users = list_page.user_statement(100, narrowed=narrowed)
    for text, values in ((groups, 2 + typed + narrowed), (users, 2 + narrowed)):
        plain = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
        assert {int(found) for found in re.findall(r"\$(\d+)", plain)} == set(range(1, values + 1))
        assert "/*source*/" not in plain
        assert "LIMIT 128" in plain
