"""The golden files: every complete statement that is composed from parts, one file for each kind of object.

`python -m tests.unit.store.golden --write` writes them again. The difference in a golden file is what PostgreSQL gets:
review it, and run the plan guards in tests/integration/http/test_plan.py.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from service.store import code_page, list_page
from service.store.batch_output import BATCH_END
from service.store.caller_page import documents_statement, stamps_statement
from service.store.code_page import Collection, Page, page_statement
from service.store.filter import Filter, Sort
from service.store.new_rows import insert_statement
from service.store.state_statement import GROUP, PRODUCER_CODE, STATEMENTS, USER

FOLDER: Final = Path(__file__).parent / "golden"

COLLECTIONS: Final = {
    name.lower(): collection for name, collection in vars(code_page).items() if isinstance(collection, Collection)
}
SORTED: Final = Page(
    total=True,
    sorts=(Sort("description", descending=True), Sort("appointmentDate"), Sort("code", descending=True)),
    filters=(Filter("producerStatus", "in", ("Active", "Limited")), Filter("description", "cn", ("Book",))),
)
ELEMENTS: Final = ("codes", "codes_of_organizations", "codes_of_user", "codes_of_group")
"""Collections of which one element can be read."""


def statements() -> dict[str, dict[str, str]]:
    """Return every composed statement by its name, for each golden file."""
    codes = {name: page_statement(collection, Page()) for name, collection in COLLECTIONS.items()}
    codes |= {
        f"{name}.filtered_sorted_counted": page_statement(collection, SORTED)
        for name, collection in COLLECTIONS.items()
    }
    codes |= {f"{name}.one": page_statement(COLLECTIONS[name], Page(size=1), one=True) for name in ELEMENTS}
    codes |= {
        "stamps_for_submission": stamps_statement(renewal=False),
        "stamps_for_renewal": stamps_statement(renewal=True),
        "documents": documents_statement(),
        "elements": code_page.elements_statement(),
    }
    groups = {
        "groups": list_page.group_statement(25, typed=False, narrowed=False),
        "groups.of_type": list_page.group_statement(25, typed=True, narrowed=False),
        "groups.of_organizations": list_page.group_statement(25, typed=False, narrowed=True),
        "groups.of_organizations_and_type": list_page.group_statement(25, typed=True, narrowed=True),
        "groups.one": list_page.group_one(),
    }
    users = {
        "users": list_page.user_statement(25, narrowed=False),
        "users.of_organizations": list_page.user_statement(25, narrowed=True),
        "users.one": list_page.user_one(),
    }
    found = {"producer_code.sql": codes, "group.sql": groups, "user.sql": users, "batch.sql": {"batch_end": BATCH_END}}
    for table in (PRODUCER_CODE, GROUP, USER):
        found["insert.sql"] = found.get("insert.sql", {}) | {
            table.name: insert_statement(table.name, tuple(table.columns()))
        }
    for name, statement in STATEMENTS.items():
        found.setdefault(f"{name.rpartition('_')[0]}.sql", {})[name] = statement.rstrip("\n")
    return found


def text(statements_of_file: Mapping[str, str]) -> str:
    """Return the content of a golden file: each statement below its name, in the order of the names."""
    return "\n".join(f"-- {name}\n{statement}\n" for name, statement in sorted(statements_of_file.items()))


def main(arguments: list[str]) -> int:
    """Write all golden files, and remove other files."""
    if arguments != ["--write"]:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    wanted = statements()
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.sql"):
        if path.name not in wanted:
            path.unlink()
    for name, found in wanted.items():
        (FOLDER / name).write_text(text(found), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
