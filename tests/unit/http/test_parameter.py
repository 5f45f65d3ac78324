"""Query parameters: parsing, and rejection with all errors."""

from datetime import date
from typing import Any
from urllib.parse import parse_qsl, quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.http.code import AS_OF_DATE, FIELDS, USE
from service.http.collection import INCLUDE_TOTAL, PAGE_OFFSET, PAGE_SIZE, SORT, page_of
from service.http.command import ID, PARTITION, SOURCE
from service.http.cursor import issued
from service.http.filter_text import FILTER, parse_filter
from service.http.group import GROUPS_CURSOR, LIMIT, TYPE
from service.http.parameter import InvalidValue, Parameter, read
from service.http.problem import Error, HttpProblem
from service.store.code_page import CODES, SUBMISSION_CODES_OF_CALLER, Page, page_statement
from service.store.filter import FIELDS as FILTERABLE
from service.store.filter import OPERATORS, Filter, Sort, operators

ALL: tuple[Parameter[Any], ...] = (PAGE_SIZE, PAGE_OFFSET, INCLUDE_TOTAL, SORT, FIELDS, FILTER, USE, AS_OF_DATE)


def _errors(query: str, known: tuple[Parameter[Any], ...] = ALL) -> list[Error]:
    with pytest.raises(HttpProblem) as refused:
        read(query.encode(), known)
    assert refused.value.status == 400
    return refused.value.errors


def test_a_missing_parameter_is_reported_with_the_other_errors() -> None:
    missing = Error("missing-parameter", "id is required.", "id")
    assert _errors("source=x", (SOURCE, ID)) == [missing]
    assert [error.path for error in _errors("", (SOURCE, ID))] == ["id", "source"]
    assert [(error.code, error.path) for error in _errors("source=&colour=1", (SOURCE, ID))] == [
        ("unknown-parameter", "colour"),
        ("missing-parameter", "id"),
        ("invalid-parameter", "source"),
    ]


@pytest.mark.parametrize("value", ["", "-1", "1.0", "01", "x", "2147483648", "9" * 30, "٣"])
def test_an_optional_number_out_of_range_is_refused(value: str) -> None:
    errors = _errors(f"source=x&id=1&partition={value}", (SOURCE, ID, PARTITION))
    assert [error.path for error in errors] == ["partition"]


@pytest.mark.parametrize(("value", "number"), [("0", 0), ("12", 12), ("2147483647", 2147483647)])
def test_an_optional_number_has_no_default(value: str, number: int) -> None:
    assert read(b"", (PARTITION,))[PARTITION] is None
    assert read(f"partition={value}".encode(), (PARTITION,))[PARTITION] == number


@given(st.text(alphabet="ab=&%+;41e9\u00e4 ", max_size=40))
def test_names_and_values_are_decoded_as_in_forms(query: str) -> None:
    """Unescaped queries, which may have thousands of names, are read in another way than escaped ones."""
    pairs = parse_qsl(query, keep_blank_values=True)
    known: list[Parameter[Any]] = [Parameter(name, list, None, "", {}, repeated=True) for name in dict(pairs)]
    assert read(query.encode(), known).pairs == pairs


def test_page_defaults() -> None:
    assert page_of(read(b"", ALL), FIELDS) == Page(25, 0, False, (), None, ())


def test_page_of_all_parameters() -> None:
    query = (
        "pageSize=100&pageOffset=7&includeTotal=true&sort=description,-appointmentDate&fields=code,roles"
        "&filter=organization:in:pc::1,pc::4&filter=appointmentDate:ge:2022-07-09&filter=description:cn:a%3A%3Ab"
    )
    assert page_of(read(query.encode(), ALL), FIELDS) == Page(
        size=100,
        offset=7,
        total=True,
        sorts=(Sort("description"), Sort("appointmentDate", descending=True)),
        fields=("code", "roles"),
        filters=(
            Filter("organization", "in", ("pc:1", "pc:4")),
            Filter("appointmentDate", "ge", (date(2022, 7, 9),)),
            Filter("description", "cn", ("a:b",)),
        ),
    )


@pytest.mark.parametrize(
    ("query", "path", "code", "allowed"),
    [
        ("pageSize=101", "pageSize", "invalid-parameter", "from 1 to 100"),
        ("pageSize=0", "pageSize", "invalid-parameter", "from 1 to 100"),
        ("pageSize=-1", "pageSize", "invalid-parameter", "from 1 to 100"),
        ("pageSize=1.0", "pageSize", "invalid-parameter", "whole number"),
        ("pageSize=%D9%A3", "pageSize", "invalid-parameter", "whole number"),
        ("pageSize=", "pageSize", "invalid-parameter", "whole number"),
        ("pageSize=5&pageSize=6", "pageSize", "invalid-parameter", "more than once"),
        ("pageOffset=2147483648", "pageOffset", "invalid-parameter", "from 0 to 2147483647"),
        ("pageOffset=99999999999999999999999", "pageOffset", "invalid-parameter", "from 0"),
        ("sort=description&pageOffset=10001", "pageOffset", "invalid-parameter", "at most 10000"),
        ("pageOffset=10001&sort=-appointmentDate,code", "pageOffset", "invalid-parameter", "apply with sort=code"),
        ("includeTotal=yes", "includeTotal", "invalid-parameter", "true or false"),
        ("sort=", "sort", "unknown-field", "code, description, appointmentDate"),
        ("sort=organization", "sort", "unknown-field", "code, description, appointmentDate"),
        ("sort=%2Bcode", "sort", "unknown-field", "code, description, appointmentDate"),
        ("fields=code,secret", "fields", "unknown-field", "branch, code, description"),
        ("use=everything", "use", "invalid-parameter", "submission, renewal"),
        ("asOfDate=2022-02-30", "asOfDate", "invalid-parameter", "YYYY-MM-DD"),
        ("asOfDate=20220201", "asOfDate", "invalid-parameter", "YYYY-MM-DD"),
        ("filter=code", "filter", "unknown-operator", "eq, ne, lt, gt, le, ge, in, ni, sw, cn"),
        ("filter=code:eq", "filter", "invalid-parameter", "field:operator:value"),
        ("filter=code:like:x", "filter", "unknown-operator", "eq, ne, lt, gt, le, ge, in, ni, sw, cn"),
        ("filter=roles:eq:x", "filter", "unknown-field", "code, description, producerStatus, organization, branch"),
        ("filter=organization:eq:pc:1", "filter", "invalid-parameter", "must be doubled"),
        ("filter=code:eq::::", "filter", "invalid-parameter", "must be doubled"),
        ("filter=appointmentDate:eq:today", "filter", "invalid-parameter", "YYYY-MM-DD"),
        ("filter=appointmentDate:in:2022-01-01,", "filter", "invalid-parameter", "YYYY-MM-DD"),
        ("filter=appointmentDate:cn:2022", "filter", "unknown-operator", "eq, ne, lt, gt, le, ge, in, ni."),
        ("filter=producerStatus:eq:active", "filter", "invalid-parameter", "Active, Limited, Suspended"),
        ("filter=code:eq:a%00b", "filter", "invalid-parameter", "NUL"),
        ("&".join(["filter=code:eq:1"] * 21), "filter", "invalid-parameter", "20 times"),
        ("pagesize=5", "pagesize", "unknown-parameter", "pageSize, pageOffset"),
        ("offset=5", "offset", "unknown-parameter", "pageSize, pageOffset"),
    ],
)
def test_invalid_parameter_is_rejected_with_the_allowed_values(query: str, path: str, code: str, allowed: str) -> None:
    [error] = _errors(query)
    assert (error.path, error.code) == (path, code)
    assert allowed in error.message


def test_all_errors_are_reported_ordered_by_path() -> None:
    found = _errors("sort=x,y&pageSize=0&zzz=1&filter=code:eq:1&filter=a:b:c&filter=code:xx:1")
    assert [(error.path, error.code) for error in found] == [
        ("filter", "unknown-field"),
        ("filter", "unknown-operator"),
        ("pageSize", "invalid-parameter"),
        ("sort", "unknown-field"),
        ("sort", "unknown-field"),
        ("zzz", "unknown-parameter"),
    ]


@pytest.mark.parametrize(
    "query",
    [
        "sort=description&pageOffset=10000",
        "sort=code&pageOffset=2147483647",
        "sort=-code,description&pageOffset=2147483647",
        "pageOffset=2147483647",
    ],
)
def test_offset_is_limited_only_with_another_sort_key_than_the_code(query: str) -> None:
    assert page_of(read(query.encode(), ALL), FIELDS).offset >= 10_000


def test_offset_above_the_limit_of_the_sort_key_is_reported_with_other_errors() -> None:
    found = _errors("sort=description&pageOffset=10001&pageSize=0&zzz=1")
    assert [error.path for error in found] == ["pageOffset", "pageSize", "zzz"]
    assert [error.path for error in _errors("sort=x&pageOffset=10001")] == ["sort"]


def test_parameters_of_groups() -> None:
    known = (TYPE, LIMIT, GROUPS_CURSOR)
    query = f"type=office&limit=1000&cursor={issued('groups', 'pc:669')}"
    assert read(query.encode(), known)[GROUPS_CURSOR] == "pc:669"
    assert [error.path for error in _errors("type=team&limit=1001&cursor=../&filter=x", known)] == [
        "cursor",
        "filter",
        "limit",
        "type",
    ]


@pytest.mark.parametrize(
    "cursor",
    [
        "pc:669",
        "",
        "!",
        "AAAAAAAAcGM6NjY5",
        issued("producers", "pc:669"),
        issued("groups", "pc:669")[:-1],
        issued("groups", "pc:669") + "=",
        issued("groups", "pc:669") + "%0A",
        issued("groups", "../etc"),
    ],
)
def test_a_cursor_that_the_list_did_not_issue_is_refused(cursor: str) -> None:
    (error,) = _errors(f"cursor={cursor}", (GROUPS_CURSOR,))
    assert (error.path, error.message) == (
        "cursor",
        "cursor must be taken from the link to the next page of this list.",
    )


@given(st.sampled_from(sorted(FILTERABLE)), st.data())
def test_filter_values_with_doubled_colons_can_contain_any_text(name: str, data: st.DataObject) -> None:
    field = FILTERABLE[name]
    if field.kind != "text":
        return
    operator = data.draw(st.sampled_from([o for o in operators(field) if o not in {"in", "ni"}]))
    text = data.draw(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
    assert parse_filter(f"{name}:{operator}:{text.replace(':', '::')}") == Filter(name, operator, (text,))


@given(st.text(), st.text(), st.text(), st.text())
def test_statement_contains_no_input(filtered: str, sorted_by: str, chosen: str, other: str) -> None:
    """Accepted parameters with hostile text result in a statement of known words only."""
    parts = {"filter": filtered, "sort": sorted_by, "fields": chosen, "other": other}
    query = "&".join(f"{name}={quote(text.encode('utf-8', 'replace'))}" for name, text in parts.items())
    with pytest.raises(HttpProblem):
        read(query.encode(), ALL)


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(FILTERABLE)), st.sampled_from(sorted(OPERATORS)), st.text(max_size=20)),
        max_size=4,
    )
)
def test_statement_depends_only_on_names(conditions: list[tuple[str, str, str]]) -> None:
    understood = []
    for name, operator, text in conditions:
        try:
            understood.append(parse_filter(f"{name}:{operator}:{text.replace(':', '::')}"))
        except InvalidValue:
            continue
    plain = tuple(Filter(f.field, f.operator, ("x",)) for f in understood)
    for collection in (CODES, SUBMISSION_CODES_OF_CALLER):
        statement = page_statement(collection, Page(filters=tuple(understood)))
        assert statement == page_statement(collection, Page(filters=plain))
        assert f"${collection.first + len(plain)}" not in statement


def test_keys_after_the_code_have_no_effect() -> None:
    one = page_statement(CODES, Page(sorts=(Sort("description"), Sort("code", descending=True))))
    more = (Sort("description"), Sort("description", descending=True), Sort("code", descending=True), Sort("code"))
    assert page_statement(CODES, Page(sorts=more)) == one
    assert "ORDER BY c.description ASC NULLS LAST, c.code DESC" in " ".join(one.split())
