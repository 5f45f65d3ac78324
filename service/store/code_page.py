"""The statements that read pages of codes and of associations, put together from the files of sql/read.

Every text is made of constants; what a caller sends chooses among them and travels as parameters.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from service.store.filter import Filter, Sort, conditions, effective, order, sort_columns, value
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
class Items:
    """A page of a collection: `data` is a JSON array of `shown` elements, `total` is None unless it was wanted."""

    data: bytes
    shown: int
    more: bool
    total: int | None


@dataclass(frozen=True, slots=True)
class Collection:
    """The parts of one collection's statement: files of sql/read, and `first`, the number of the first filter value.

    `verdict` is the expression of the column of that name: whether there is an answer at all.
    """

    source: str
    detail: str
    first: int
    verdict: str = "true"
    owner: str = ""


def part(name: str) -> str:
    """The text of a file of sql/read without the comment at its head."""
    lines = statement(f"read/{name}").splitlines()
    return "\n".join(line for line in lines if not line.startswith("--"))


_PAGE: Final = part("page")
_TOTAL: Final = "(SELECT count(*) FROM (/*source*/) AS counted)"
_CODE_DETAIL: Final = part("code_detail").replace(" /*stamped*/", "")
_OWNER_THERE: Final = "EXISTS (SELECT FROM owner)"
_ORGANIZATION_THERE: Final = "EXISTS (SELECT FROM organization AS o WHERE o.id = ANY($4::text[]))"
_CALLER_ENABLED: Final = "NOT EXISTS (SELECT FROM caller WHERE NOT caller.enabled)"

CODES: Final = Collection(part("code_source"), _CODE_DETAIL, 4)
CODES_OF_ORGANIZATIONS: Final = Collection(part("organization_code_source"), _CODE_DETAIL, 5, _ORGANIZATION_THERE)
CODES_OF_USER: Final = Collection(
    part("user_association_source"), part("user_association_detail"), 6, _OWNER_THERE, part("user_owner")
)
CODES_OF_GROUP: Final = Collection(
    part("group_association_source"), part("group_association_detail"), 6, _OWNER_THERE, part("group_owner")
)


def _of_caller(least: str) -> Collection:
    source = part("caller_code_source").replace("/*least*/ 1", least)
    return Collection(source, _CODE_DETAIL, 7, _CALLER_ENABLED, part("caller_owner"))


# Submission needs a code that is usable for more than renewal. Written out, because the planner estimates it well.
SUBMISSION_CODES_OF_CALLER: Final = _of_caller("1")
RENEWAL_CODES_OF_CALLER: Final = _of_caller("0")


def page_statement(collection: Collection, page: Page, *, one: bool = False) -> str:
    """The statement that reads the page; with `one`, the one element whose code id is the first filter value."""
    filters = tuple(Filter(f.field, f.operator, ()) for f in page.filters)
    return _text(collection, _Shape(filters, page.sorts, bound(page.offset + page.size), page.total, one))


def bound(rows: int) -> int:
    """The least power of two above `rows`, from 32: tells the planner how little is read, with few texts to plan."""
    return max(32, 1 << rows.bit_length())


@dataclass(frozen=True, slots=True)
class _Shape:
    """What of a page makes another text; the values do not."""

    filters: tuple[Filter, ...]
    sorts: tuple[Sort, ...]
    bound: int
    total: bool
    one: bool


@lru_cache(maxsize=1024)
def _text(collection: Collection, shape: _Shape) -> str:
    keys, descending = effective(shape.sorts)
    # Only the columns that are needed are named: the planner then drops the join to the code's own row.
    source = _filled(
        collection.source,
        {
            "/*filter*/": conditions(
                shape.filters, collection.first + shape.one, collection.first if shape.one else None
            ),
            "/*order*/": order(keys, "c"),
            "/*merge*/": order(keys, "held"),
            "/*sorted*/": sort_columns(keys, "c"),
            "/*merged*/": sort_columns(keys, "own"),
            "/*direction*/": "DESC" if descending else "",
        },
    )
    counted = source.replace("/*bound*/ 32", "ALL")
    return _filled(
        _PAGE,
        {
            "/*owner*/": collection.owner,
            "/*source*/": source.replace("/*bound*/ 32", str(shape.bound)),
            "/*detail*/": collection.detail,
            "/*total*/ NULL::bigint": _TOTAL.replace("/*source*/", counted) if shape.total else "NULL::bigint",
            "/*verdict*/ true": collection.verdict,
        },
    )


def _filled(text: str, parts: dict[str, str]) -> str:
    for mark, part in parts.items():
        text = text.replace(mark, part)
    return text
