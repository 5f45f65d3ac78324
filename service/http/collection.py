"""Collections of the producer-code family: their parameters, their pages, their links."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote, urlencode

import orjson
from starlette.requests import Request
from starlette.responses import Response

from service.http.answer import answer
from service.http.filter_text import FILTER
from service.http.parameter import Parameter, QueryParameters
from service.http.value import flag, names, number
from service.store.code_page import Items, Page
from service.store.filter import FIELDS, Sort
from service.store.read_store import Element

MAX_OFFSET: Final = 2_147_483_647

PAGE_SIZE: Final = number("pageSize", "Items on a page.", absent=25, low=1, high=100)
PAGE_OFFSET: Final = number("pageOffset", "Items to pass over.", absent=0, low=0, high=MAX_OFFSET)
INCLUDE_TOTAL: Final = flag("includeTotal", "Whether to count the whole collection into `total`.")

_SORTABLE: Final = [name for name, field in FIELDS.items() if field.sortable]
SORT: Final = names(
    "sort",
    "Keys to sort by, the first one first; a minus before a key turns it round. Missing values come last, texts are "
    "compared byte by byte, and the code's string ends every order.",
    [*_SORTABLE, *(f"-{name}" for name in _SORTABLE)],
    lambda name: Sort(name.removeprefix("-"), name.startswith("-")),
    ["code", "-appointmentDate"],
)


def fields_parameter(attributes: Sequence[str]) -> Parameter[tuple[str, ...] | None]:
    """The parameter that chooses among these attributes."""
    return names("fields", "Attributes to show; all of them by default.", attributes, str, attributes[:2])


def page_parameters(attributes: Sequence[str]) -> tuple[Parameter[Any], ...]:
    """The parameters of a collection whose elements have these attributes."""
    return PAGE_SIZE, PAGE_OFFSET, INCLUDE_TOTAL, SORT, fields_parameter(attributes), FILTER


def page_of(query: QueryParameters, fields: Parameter[tuple[str, ...] | None]) -> Page:
    """The page that a request wants."""
    sorts = query[SORT]
    return Page(
        size=query[PAGE_SIZE],
        offset=query[PAGE_OFFSET],
        total=query[INCLUDE_TOTAL],
        sorts=sorts or (),
        fields=query[fields],
        filters=query[FILTER],
    )


def collection(request: Request, query: QueryParameters, page: Page, items: Items) -> Response:
    """Answer with one page."""
    more = items.more and page.offset + page.size <= MAX_OFFSET
    links = _links(request.scope["path"], tuple(query.pairs), page.offset, page.size, more)
    body = b'{"count":%d,"data":%b,"links":%b' % (items.shown, items.data, links)
    body += b"}" if items.total is None else b',"total":%d}' % items.total
    return answer(request, body)


def element(request: Request, found: Element) -> Response:
    """Answer with one element; its checksum is the answer's tag."""
    return answer(request, b'{"data":%b}' % found.data.encode(), tag=found.tag)


# The first page is nearly all that is ever asked for.
@lru_cache(maxsize=256)
def _links(path: str, pairs: tuple[tuple[str, str], ...], offset: int, size: int, more: bool) -> bytes:
    rest = [(name, value) for name, value in pairs if name != PAGE_OFFSET.name]
    quoted = quote(path, safe="/:~")

    def link(to: int | None) -> dict[str, object]:
        wanted = rest if to is None else [*rest, (PAGE_OFFSET.name, str(to))]
        href = f"{quoted}?{urlencode(wanted, quote_via=quote, safe=':,')}" if wanted else quoted
        return {"href": href, "methods": ["get"]}

    links = {"first": link(None)}
    if offset:
        links["prev"] = link(max(0, offset - size) or None)
    if more:
        links["next"] = link(offset + size)
    links["self"] = link(offset or None)
    return orjson.dumps(links)
