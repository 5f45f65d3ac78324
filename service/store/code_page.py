"""The statements that read pages of codes and of associations, composed from the files of sql/read.

Every text is made of constants. The values that a caller sends select among them and are passed as parameters.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from service.contract.aggregate.producer_code import ATTRIBUTES
from service.store.filter import Filter, Sort, conditions, effective, order, sort_columns, value
from service.store.shown import shown
from service.store.statement import complete, fill, part


@dataclass(frozen=True, slots=True)
class Page:
    """The requested part of a collection: `offset` counts items; `fields` None means all attributes."""

    size: int = 25
    offset: int = 0
    total: bool = False
    sorts: tuple[Sort, ...] = ()
    fields: tuple[str, ...] | None = None
    filters: tuple[Filter, ...] = ()

    def values(self) -> list[object]:
        """Return the parameters of the filters."""
        return [value(condition) for condition in self.filters]


@dataclass(frozen=True, slots=True)
class Items:
    """A page of a collection: `data` is a JSON array of `shown` elements, `total` is None unless it was requested."""

    data: bytes
    shown: int
    more: bool
    total: int | None


@dataclass(frozen=True, slots=True)
class Collection:
    """The parts of one collection's statement, and `first`, the number of the first parameter for a filter value.

    `source`, `detail` and `owner` are parts of sql/read. `verdict` is the expression of the column of that name, which
    says whether there is an answer at all.
    """

    source: str
    detail: str
    first: int
    verdict: str = "true"
    owner: str = ""


_PAGE: Final = part("page")
_TOTAL: Final = "(\n    SELECT count(*) FROM (\n        /*source*/\n    ) AS counted\n)"
CODE_DETAIL: Final = fill(part("code_detail"), shown=shown(ATTRIBUTES, "c"))
"""The attributes of codes; the placeholders `stamp` and `roles` are left."""

_CODE_DETAIL: Final = fill(CODE_DETAIL, stamp="", roles="")
_ELEMENTS: Final = complete(part("code_elements"), detail=_CODE_DETAIL)
_OWNER_EXISTS: Final = "EXISTS (SELECT FROM owner)"
_ORGANIZATION_EXISTS: Final = "EXISTS (SELECT FROM organization AS o WHERE o.id = ANY($4::text[]))"
_CALLER_ENABLED: Final = "(SELECT coalesce(caller.enabled, true) FROM caller)"

CODES: Final = Collection(part("code_source"), _CODE_DETAIL, 4)
CODES_OF_ORGANIZATIONS: Final = Collection(part("organization_code_source"), _CODE_DETAIL, 5, _ORGANIZATION_EXISTS)
CODES_OF_USER: Final = Collection(
    part("user_association_source"), part("user_association_detail"), 6, _OWNER_EXISTS, part("user_owner")
)
CODES_OF_GROUP: Final = Collection(
    part("group_association_source"), part("group_association_detail"), 6, _OWNER_EXISTS, part("group_owner")
)

CALLER: Final = part("caller")
"""The expression that finds callers, for the statements that use the part of `caller_codes`."""


def caller_codes(*, renewal: bool) -> str:
    """Return the part that reads the codes a caller may use; the other placeholders of caller_codes.sql are left."""
    # A constant rather than a parameter, because the planner estimates it well.
    least = "1" if renewal else "2"
    usable = part("usable")
    return fill(
        part("caller_codes"),
        usable_a=fill(usable, row="a", least=least),
        usable_c=fill(usable, row="c", least=least),
    )


def _of_caller(*, renewal: bool) -> Collection:
    source = fill(part("caller_code_source"), codes=caller_codes(renewal=renewal))
    owner = fill(part("caller_owner"), caller=CALLER)
    return Collection(source, _CODE_DETAIL, 7, _CALLER_ENABLED, owner)


SUBMISSION_CODES_OF_CALLER: Final = _of_caller(renewal=False)
RENEWAL_CODES_OF_CALLER: Final = _of_caller(renewal=True)


def page_statement(collection: Collection, page: Page, *, one: bool = False) -> str:
    """Return the statement that reads the page; with `one`, the element whose code id is the first filter value."""
    filters = tuple(Filter(f.field, f.operator, ()) for f in page.filters)
    return _text(collection, _Shape(filters, page.sorts, bound(page.offset + page.size), page.total, one))


def elements_statement() -> str:
    """Return the statement that reads several codes as elements; its parameter are their ids."""
    return _ELEMENTS


def bound(rows: int) -> int:
    """Return the least power of two above `rows`, at least 32.

    A constant limit lets the planner see how few rows are read, and few distinct limits mean few texts to plan.
    """
    return max(32, 1 << rows.bit_length())


@dataclass(frozen=True, slots=True)
class _Shape:
    """The properties of a page that change the text of the statement; the values do not."""

    filters: tuple[Filter, ...]
    sorts: tuple[Sort, ...]
    bound: int
    total: bool
    one: bool


@lru_cache(maxsize=1024)
def _text(collection: Collection, shape: _Shape) -> str:
    keys, descending = effective(shape.sorts)
    # Only the columns that are needed are named, so that the planner can drop the join to the code's own row.
    source = fill(
        collection.source,
        filter=conditions(shape.filters, collection.first + shape.one, collection.first if shape.one else None),
        order_c=order(keys, "c"),
        order_held=order(keys, "held"),
        columns_c=sort_columns(keys, "c"),
        columns_own=sort_columns(keys, "own"),
        columns_held=sort_columns(keys, "held"),
        direction=" DESC" if descending else "",
    )
    return complete(
        _PAGE,
        owner=collection.owner,
        source=fill(source, limit=str(shape.bound)),
        detail=collection.detail,
        total=fill(_TOTAL, source=fill(source, limit="ALL")) if shape.total else "NULL::bigint",
        verdict=collection.verdict,
    )
