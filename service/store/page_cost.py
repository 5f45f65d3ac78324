"""Which pages of codes and associations are cheap: an index finds the items, so that few rows beside them are read.

tests/integration/http/test_plan.py checks the plans of pages that are cheap here.
"""

from typing import Final

from service.store.code_page import Page
from service.store.filter import Filter, effective

MAX_ENTRIES: Final = 10_000
"""Limit of index entries that a cheap page reads."""

MANY: Final = 1_000
"""A collection with at most so many codes is cheap to read as a whole."""

MAX_VALUES: Final = 100
"""Limit of values of a filter that an index serves."""

# Operators of the fields of filters. The excluded code strings of `ne` and `ni` are read and left out.
_BY_INDEX: Final = {
    "code": frozenset({"eq", "ne", "lt", "gt", "le", "ge", "in", "ni", "sw"}),
    "organization": frozenset({"eq"}),
}


def is_cheap(page: Page, *, owners: int, by_index: bool) -> bool:
    """Return whether the page reads few rows, however many codes the collection has.

    `owners` is the number of owners whose codes are merged: from the index of each, as many entries are read as if the
    page had only its codes. `by_index` says whether the collection is read from indexes of codes, which serve filters.
    """
    if any(f.field == "code" and f.operator in {"eq", "in"} and _has_few_values(f) for f in page.filters):
        return True
    keys, _ = effective(page.sorts)
    if page.total or keys or (page.offset + page.size) * owners > MAX_ENTRIES:
        return False
    return all(by_index and f.operator in _BY_INDEX.get(f.field, ()) and _has_few_values(f) for f in page.filters)


def _has_few_values(condition: Filter) -> bool:
    return len(condition.values) <= MAX_VALUES
