"""The golden files: every complete statement that is composed from parts of service/store/sql/read.

`python -m tests.unit.store.golden --write` writes them again. The difference in a golden file is what PostgreSQL gets:
review it, and run the plan guards in tests/integration/http/test_plan.py.
"""

import sys
from pathlib import Path
from typing import Final

from service.store import code_page, list_page
from service.store.caller_page import documents_statement, stamps_statement
from service.store.code_page import Collection, Page, page_statement
from service.store.filter import Filter, Sort

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


def statements() -> dict[str, str]:
    """Return every composed statement by the name of its golden file."""
    found = {f"{name}.sql": page_statement(collection, Page()) for name, collection in COLLECTIONS.items()}
    found |= {
        f"{name}.filtered_sorted_counted.sql": page_statement(collection, SORTED)
        for name, collection in COLLECTIONS.items()
    }
    found |= {f"{name}.one.sql": page_statement(COLLECTIONS[name], Page(size=1), one=True) for name in ELEMENTS}
    found |= {
        "stamps_for_submission.sql": stamps_statement(renewal=False),
        "stamps_for_renewal.sql": stamps_statement(renewal=True),
        "documents.sql": documents_statement(),
        "groups.sql": list_page.group_statement(25, typed=False, narrowed=False),
        "groups.of_type.sql": list_page.group_statement(25, typed=True, narrowed=False),
        "groups.of_organizations.sql": list_page.group_statement(25, typed=False, narrowed=True),
        "groups.of_organizations_and_type.sql": list_page.group_statement(25, typed=True, narrowed=True),
        "groups.one.sql": list_page.group_one(),
        "users.sql": list_page.user_statement(25, narrowed=False),
        "users.of_organizations.sql": list_page.user_statement(25, narrowed=True),
        "users.one.sql": list_page.user_one(),
    }
    return {name: text + "\n" for name, text in found.items()}


def main(arguments: list[str]) -> int:
    """Write all golden files, and remove those of statements that no longer exist."""
    if arguments != ["--write"]:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    wanted = statements()
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.sql"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
