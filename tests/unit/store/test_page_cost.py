"""Cheap pages are those that an index serves. The plan guards check that their plans read few rows."""

import pytest

from service.store.code_page import Page
from service.store.filter import FIELDS, Filter, Sort, operators
from service.store.page_cost import MAX_ENTRIES, MAX_VALUES, is_cheap

SERVED = {("code", operator) for operator in operators(FIELDS["code"]) if operator != "cn"} | {("organization", "eq")}
FEW = (Filter("code", "in", tuple(f"code {number}" for number in range(MAX_VALUES))),)
MANY = (Filter("code", "in", tuple(f"code {number}" for number in range(MAX_VALUES + 1))),)


@pytest.mark.parametrize(
    ("field", "operator"), [(name, operator) for name, field in FIELDS.items() for operator in operators(field)]
)
def test_only_filters_that_an_index_serves_are_cheap(field: str, operator: str) -> None:
    page = Page(filters=(Filter(field, operator, ("x",)),))
    assert is_cheap(page, owners=1, by_index=True) == ((field, operator) in SERVED)
    by_string = (field, operator) in {("code", "eq"), ("code", "in")}
    assert is_cheap(page, owners=1, by_index=False) == by_string, "associations are found by their codes only"
    with_another = Page(filters=(*page.filters, Filter("branch", "eq", ("x",))))
    assert is_cheap(with_another, owners=1, by_index=True) == by_string


@pytest.mark.parametrize(
    ("page", "cheap"),
    [
        (Page(), True),
        (Page(sorts=(Sort("code", descending=True), Sort("description"))), True),
        (Page(sorts=(Sort("description"),)), False),
        (Page(total=True), False),
        (Page(25, MAX_ENTRIES - 25), True),
        (Page(25, MAX_ENTRIES - 24), False),
        (Page(25, MAX_ENTRIES, total=True, sorts=(Sort("description"),), filters=FEW), True),
        (Page(filters=MANY), False),
        (Page(total=True, filters=MANY), False),
        (Page(filters=(Filter("code", "ni", MANY[0].values),)), False),
    ],
)
def test_pages_that_read_few_rows_are_cheap(page: Page, cheap: bool) -> None:
    assert is_cheap(page, owners=1, by_index=True) == cheap


@pytest.mark.parametrize(
    ("offset", "owners", "cheap"), [(975, 10, True), (976, 10, False), (0, 400, True), (0, 401, False)]
)
def test_an_index_is_read_for_each_owner(offset: int, owners: int, cheap: bool) -> None:
    assert is_cheap(Page(25, offset), owners=owners, by_index=True) == cheap
