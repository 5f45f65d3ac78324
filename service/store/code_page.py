"""The statements that read pages of codes and of associations, put together from the files of sql/read.

Every text is made of constants; what a caller sends chooses among them and travels as parameters.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from service.store.filter import Filter, Sort, conditions, order, sort_columns, value
from service.store.statement import statement


@dataclass(frozen=True, slots=True)
class Page:
    """What part of a collection is wanted: `offset` counts items; `fields` None means all attributes."""

    size: int = 25
    offset: int = 0
    total: bool = False
    sorts: tuple[Sort, ...] = ()
    fields: tuple[str, ...] | None = None
    filters: tuple[Filter, ...] = ()

    def values(self) -> list[object]:
        """The parameters of the filters."""
        return [value(condition) for condition in self.filters]


@dataclass(frozen=True, slots=True)
class Collection:
    """The parts of one collection's statement: files of sql/read, and `first`, the number of the first filter value.

    `code` is the column of the code's string in the source; `verdict` the expression of the column of that name.
    """

    source: str
    detail: str
    first: int
    owner: str = ""
    code: str = "c.code"
    verdict: str = "true"


def _part(name: str) -> str:
    return statement(f"read/{name}")


_PAGE: Final = _part("page")
_OWNER: Final = "EXISTS (SELECT FROM owner)"

CODES: Final = Collection(_part("code_source"), _part("code_detail"), 4)
CODES_OF_ORGANIZATIONS: Final = Collection(
    _part("organization_code_source"),
    _part("code_detail"),
    5,
    verdict="EXISTS (SELECT FROM organization AS o WHERE o.id = ANY($4::text[]))",
)
CODES_OF_CALLER: Final = Collection(
    _part("caller_code_source"),
    _part("code_detail"),
    8,
    owner=_part("caller_owner"),
    code="a.code",
    verdict="NOT EXISTS (SELECT FROM caller WHERE NOT caller.enabled)",
)
CODES_OF_USER: Final = Collection(
    _part("user_association_source"), _part("user_association_detail"), 6, _part("user_owner"), "a.code", _OWNER
)
CODES_OF_GROUP: Final = Collection(
    _part("group_association_source"), _part("group_association_detail"), 6, _part("group_owner"), "a.code", _OWNER
)


def page_statement(collection: Collection, page: Page, *, one: bool = False) -> str:
    """The statement that reads the page; with `one`, the one element whose code id is the first filter value."""
    shape = tuple(Filter(f.field, f.operator, ()) for f in page.filters)
    return _text(collection, shape, page.sorts, _bound(page.offset + page.size), page.total, one)


def _bound(rows: int) -> int:
    """The least power of two above `rows`, from 32: tells the planner how little is read, with few texts to plan."""
    return max(32, 1 << rows.bit_length())


@lru_cache(maxsize=1024)
def _text(
    collection: Collection, filters: tuple[Filter, ...], sorts: tuple[Sort, ...], bound: int, total: bool, one: bool
) -> str:
    first = collection.first + 1 if one else collection.first
    # The planner drops the join to the code's row when nothing asks for its columns, so only those needed are named.
    source = (
        _filled(collection.source, filter=conditions(filters, first, collection.code, collection.first if one else None))
        .replace("/*order*/", order(sorts, "c", collection.code))
        .replace("/*merge*/", order(sorts, "held", "held.code"))
        .replace("/*sorted*/", sort_columns(sorts, "c"))
        .replace("/*merged*/", sort_columns(sorts, "own"))
    )
    counted = f"(SELECT count(*) FROM ({_bounded(source, 'ALL')}) AS counted)" if total else "NULL::bigint"
    return _filled(
        _PAGE,
        owner=collection.owner,
        source=_bounded(source, str(bound)),
        detail=collection.detail,
    ).replace("/*total*/ NULL::bigint", counted).replace("/*verdict*/ true", collection.verdict)


def _filled(text: str, **parts: str) -> str:
    for name, part in parts.items():
        text = text.replace(f"/*{name}*/", part)
    return text


def _bounded(source: str, bound: str) -> str:
    return source.replace("/*bound*/ 32", bound)
