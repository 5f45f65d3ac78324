"""Plan guards: on a registry of production size, no read scans a table, and rows read are proportional to the page.

Each statement is tested with a custom and with a generic plan.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest

from service.settings import Settings
from service.store import caller_page, code_page, list_page
from service.store.code_page import Page, page_statement
from service.store.command_id import packed_id
from service.store.filter import Filter, Sort
from service.store.page_cost import is_cheap
from service.store.pool import Connection, create_pool
from service.store.statement import statement
from tests.support import database

DAY = date(2026, 11, 22)
PAGE = Page()
NOBODY: list[str] = []
SOME = ["org:1", "org:3", "org:7"]
VISIBLE = [f"x{n}" for n in range(10)]


def _account(
    subject: str, page: Page = PAGE, *, renewal: bool = False, visible: Sequence[str] = ()
) -> tuple[str, list[Any]]:
    collection = code_page.RENEWAL_CODES_OF_CALLER if renewal else code_page.SUBMISSION_CODES_OF_CALLER
    return page_statement(collection, page), [*_page_values(page), subject, DAY, list(visible), *page.values()]


def _codes(collection: code_page.Collection, *given: Any, page: Page = PAGE) -> tuple[str, list[Any]]:
    return page_statement(collection, page), [*_page_values(page), *given, *page.values()]


def _one(collection: code_page.Collection, *given: Any) -> tuple[str, list[Any]]:
    return page_statement(collection, Page(size=1), one=True), [0, 1, None, *given]


def _coalesced(*subjects: str, visible: str = "") -> tuple[str, list[Any]]:
    query = caller_page.stamps_statement(renewal=False)
    return query, [list(subjects), [DAY] * len(subjects), [visible] * len(subjects)]


def _states(count: int) -> tuple[str, list[Any]]:
    """Every second command is in the inbox, and every mark has passed."""
    topics = ["registry.commands.v1", "registry.operator.commands.v1"]
    sources = [f"/http/user-{n % 50}" for n in range(count)]
    ids = [f"id-{n}" if n % 2 else f"new-{n}" for n in range(count)]
    places = [*range(count)], [n * 10 for n in range(count)]
    packed = [packed_id(id_) for id_ in ids]
    return statement("read/command_states"), [sources, ids, *places, topics, "cluster", topics[0], "commands", packed]


def _page_values(page: Page) -> list[Any]:
    return [page.offset, page.size, None if page.fields is None else list(page.fields)]


def _filters(*conditions: tuple[str, str, str]) -> Page:
    return Page(filters=tuple(Filter(field, operator, (value,)) for field, operator, value in conditions))


MANY_CODES = tuple(f"abc-{n:06}" for n in range(100))
CODE_CONDITIONS = {
    "after": [("code", "gt", "fff")],
    "from": [("code", "ge", "fff")],
    "before": [("code", "lt", "000-5")],
    "up to": [("code", "le", "000-5")],
    "between": [("code", "gt", "abc"), ("code", "lt", "abx")],
    "after the last": [("code", "gt", "zzz")],
    "with a prefix": [("code", "sw", "abc")],
    "with the prefix of none": [("code", "sw", "zzz")],
    "but one": [("code", "ne", "000-000001")],
    "by its string": [("code", "eq", "x")],
    "by its string, with other conditions": [("code", "eq", "x"), ("description", "cn", "x"), ("branch", "ne", "x")],
}
"""Conditions of pages that are cheap, at least for the collections that are read from indexes of codes."""


def _cheap(collection: code_page.Collection, *given: Any, by_index: bool = True) -> dict[str, tuple[str, list[Any]]]:
    pages = {name: _filters(*conditions) for name, conditions in CODE_CONDITIONS.items()}
    pages["by 100 strings"] = Page(
        filters=(Filter("code", "in", MANY_CODES), Filter("description", "cn", ("x",))),
        sorts=(Sort("description"),),
        total=True,
        offset=100_000,
    )
    pages["but 100"] = Page(filters=(Filter("code", "ni", MANY_CODES),))
    cheap = {name: page for name, page in pages.items() if is_cheap(page, owners=1, by_index=by_index)}
    return {name: _codes(collection, *given, page=page) for name, page in cheap.items()}


# The statements, and the maximum number of table rows they may read: a page of 25 and the next item, from each of at
# most four owners, then each code with organization, branch and role.
CASES: dict[str, tuple[tuple[str, list[Any]], int]] = {
    "account": (_account("login-11"), 260),
    "account by id": (_account("user:11"), 260),
    "account for renewal": (_account("login-11", renewal=True), 260),
    "account of a member of a group with 20,000 codes": (_account("login-1"), 420),
    "account, some attributes": (_account("login-1", Page(fields=("code", "roles"))), 420),
    "account, the largest page": (_account("login-1", Page(size=100)), 1300),
    "account, from the end": (_account("login-1", Page(sorts=(Sort("code", descending=True),))), 420),
    "account of a user without code security": (_account("login-19011"), 260),
    "account of an unknown caller": (_account("nobody", visible=VISIBLE), 20),
    "coalesced accounts": (_coalesced("login-11", "login-1", "login-19011"), 780),
    "coalesced accounts of unknown callers": (_coalesced("nobody", "no one", visible=",".join(VISIBLE)), 40),
    "documents of codes": ((caller_page.documents_statement(), [["code:7", "code:8"]]), 16),
    "codes as elements": ((code_page.elements_statement(), [["code:7", "code:8"]]), 16),
    "all codes": (_codes(code_page.CODES), 140),
    "all codes, from the end": (_codes(code_page.CODES, page=Page(sorts=(Sort("code", descending=True),))), 140),
    "all codes of one status": (
        _codes(code_page.CODES, page=Page(filters=(Filter("producerStatus", "eq", ("Active",)),))), 180
    ),
    "all codes of one organization": (
        _codes(code_page.CODES, page=Page(filters=(Filter("organization", "eq", ("org:1",)),))), 340
    ),
    "one code by its string": (_codes(code_page.CODES, page=Page(filters=(Filter("code", "eq", ("x",)),))), 10),
    "codes of an organization": (_codes(code_page.CODES_OF_ORGANIZATIONS, ["org:1"]), 140),
    "codes of some organizations": (_codes(code_page.CODES_OF_ORGANIZATIONS, SOME), 240),
    "codes of no organization": (_codes(code_page.CODES_OF_ORGANIZATIONS, NOBODY), 0),
    "codes of a user": (_codes(code_page.CODES_OF_USER, "user:11", None), 40),
    "codes of a group": (_codes(code_page.CODES_OF_GROUP, "group:11", ["org:11"]), 180),
    "codes of a group with 20,000": (_codes(code_page.CODES_OF_GROUP, "group:big", None), 180),
    "one code": (_one(code_page.CODES, "code:7"), 8),
    "one code of some organizations": (
        _one(code_page.CODES_OF_ORGANIZATIONS, SOME, "code:7"), 12
    ),
    "one association of a user": (_one(code_page.CODES_OF_USER, "user:7", None, "code:7"), 10),
    "one association in a group with 20,000": (
        _one(code_page.CODES_OF_GROUP, "group:big", None, "code:7"), 10
    ),
    "groups": ((list_page.group_statement(100, typed=False, narrowed=False), ["", 100]), 5000),
    "groups, ten": ((list_page.group_statement(10, typed=False, narrowed=False), ["group:5", 10]), 500),
    "groups of a type": ((list_page.group_statement(10, typed=True, narrowed=False), ["", 10, "region"]), 500),
    "groups of some organizations": ((list_page.group_statement(10, typed=False, narrowed=True), ["", 10, SOME]), 500),
    "groups of a large organization": (
        (list_page.group_statement(10, typed=False, narrowed=True), ["", 10, ["org:big"]]), 100
    ),
    "one group": ((list_page.group_one(), ["group:7", 1, None]), 50),
    "producers": ((list_page.user_statement(100, narrowed=False), ["", 100]), 240),
    "producers of some organizations": ((list_page.user_statement(10, narrowed=True), ["", 10, SOME]), 140),
    "producers of a large organization": (
        (list_page.user_statement(10, narrowed=True), ["", 10, ["org:big"]]), 100
    ),
    "one producer": ((list_page.user_one(), ["user:7", 1, ["org:7"]]), 4),
    "one organization": ((statement("read/organization_find"), ["org:7"]), 1),
    "one role": ((statement("read/role_find"), ["role:7"]), 1),
    **{f"all codes {name}": (read, 450) for name, read in _cheap(code_page.CODES).items()},
    **{
        f"codes of an organization {name}": (read, 450)
        for name, read in _cheap(code_page.CODES_OF_ORGANIZATIONS, ["org:1"]).items()
    },
    **{
        f"codes of a group with 20,000 {name}": (read, 450)
        for name, read in _cheap(code_page.CODES_OF_GROUP, "group:big", None, by_index=False).items()
    },
    "codes of some organizations of one of them": (
        _codes(code_page.CODES_OF_ORGANIZATIONS, SOME, page=_filters(("organization", "eq", "org:3"))), 140
    ),
    "account, by its string": (_account("login-1", _filters(("code", "eq", "x"))), 60),
    "account without code security, by its string": (_account("login-19011", _filters(("code", "eq", "x"))), 60),
    **{
        f"organizations of a hundred of kind {kind}": (
            (statement("read/owned"), [kind, [f"{kind}:{n}" for n in range(1, 101)]]), 100
        )
        for kind in ("code", "group", "user")
    },
    "states of commands": (_states(50), 125),
    "code strings known": ((statement("read/code_strings_known"), [VISIBLE]), 10),
}  # fmt: skip


@pytest.fixture(scope="module")
async def reading(postgres_url: str, database_template: str) -> AsyncIterator[Connection]:
    """Return a reader's connection to a registry of production size."""
    file = Path(__file__).parent / "population.sql"
    async with database.filled_database(postgres_url, database_template, file) as name:
        pool = await create_pool(Settings(database_url=database.url_of(postgres_url, name)), "test")
        async with pool.connections.acquire() as connection:
            yield connection  # type: ignore[misc]  # the pool's proxy has the same methods
        await pool.connections.close()


def test_the_guards_cover_what_is_cheap() -> None:
    assert len(_cheap(code_page.CODES)) == len(CODE_CONDITIONS) + 2
    assert {name.partition(",")[0] for name in _cheap(code_page.CODES_OF_GROUP, by_index=False)} == {
        "by its string",
        "by 100 strings",
    }


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("case", CASES)
async def test_rows_read_are_proportional_to_the_page(reading: Connection, case: str, mode: str) -> None:
    (query, values), limit = CASES[case]
    await reading.execute(f"SET plan_cache_mode = {mode}")
    await reading.execute(f"PREPARE guarded AS {query}")
    try:
        literals = ", ".join(map(_literal, values))
        text = await reading.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE guarded({literals})")
    finally:
        await reading.execute("DEALLOCATE guarded")
    nodes = list(_nodes(orjson.loads(text)[0]["Plan"]))
    assert [node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"] == []
    rows = {
        f"{node.get('Relation Name', '')} {node.get('Index Name', '')}": _rows_read(node)
        for node in nodes
        if "Scan" in node["Node Type"] and ("Relation Name" in node or "Index Name" in node) and _rows_read(node)
    }
    assert sum(rows.values()) <= limit, rows


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


def _rows_read(node: dict[str, Any]) -> int:
    if node["Node Type"] == "Bitmap Index Scan":
        return 0  # its rows are counted by the heap scan above it
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    rows: float = (node["Actual Rows"] + removed) * node["Actual Loops"]
    return round(rows)


def _literal(value: Any) -> str:
    """Return a value as an SQL literal; all values are constants of this test."""
    match value:
        case None:
            return "NULL"
        case int():
            return str(value)
        case bytes():
            return f"'\\x{value.hex()}'"
        case list():
            kind = {date: "date", int: "bigint", bytes: "bytea"}.get(type(value[0]), "text") if value else "text"
            return f"ARRAY[{', '.join(map(_literal, value))}]::{kind}[]"
        case _:
            return f"'{value}'"
