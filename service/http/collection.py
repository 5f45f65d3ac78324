"""Collections of producer codes and associations: parameters, pages and links."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote, urlencode

import orjson
from starlette.requests import Request
from starlette.responses import Response

from service.http.answer import answer
from service.http.filter_text import FILTER
from service.http.parameter import Parameter, QueryParameters, invalid
from service.http.value import flag, names, number
from service.store.code_page import Items, Page
from service.store.filter import FIELDS, Sort, effective
from service.store.read_store import Element

MAX_OFFSET: Final = 2_147_483_647
MAX_SORTED_OFFSET: Final = 10_000
"""Limit of the offset with a sort key before `code`: no index has this order, so all items are sorted for each page."""

_CACHED_QUERY_BYTES: Final = 512
"""The longest query whose links are cached: those of the longest query allowed would keep a megabyte each."""

PAGE_SIZE: Final = number("pageSize", "The maximum number of items on a page.", absent=25, low=1, high=100)
INCLUDE_TOTAL: Final = flag("includeTotal", "Whether `total` contains the number of items of the whole collection.")

_SORTABLE: Final = [name for name, field in FIELDS.items() if field.sortable]
SORT: Final = names(
    "sort",
    "Sort keys in order of precedence; a minus before a key sorts in descending order. Missing values come last, "
    "strings are compared byte by byte, and equal items are sorted by the code string.",
    [*_SORTABLE, *(f"-{name}" for name in _SORTABLE)],
    lambda name: Sort(name.removeprefix("-"), name.startswith("-")),
    ["code", "-appointmentDate"],
)


def _check_offset(query: QueryParameters) -> None:
    sorts = query[SORT]
    keys, _ = effective(sorts or ())
    if keys and query[PAGE_OFFSET] > MAX_SORTED_OFFSET:
        raise invalid(
            f"pageOffset must be at most {MAX_SORTED_OFFSET} with the sort key {keys[0].field}. This limit does not "
            "apply with sort=code."
        )


PAGE_OFFSET: Final = replace(
    number(
        "pageOffset",
        f"The number of items to skip. With a sort key before `code` it is at most {MAX_SORTED_OFFSET}.",
        absent=0,
        low=0,
        high=MAX_OFFSET,
    ),
    check=_check_offset,
)


def fields_parameter(attributes: Sequence[str]) -> Parameter[tuple[str, ...] | None]:
    """Return the parameter that selects from these attributes."""
    return names("fields", "The attributes to return; all attributes by default.", attributes, str, attributes[:2])


def page_parameters(attributes: Sequence[str]) -> tuple[Parameter[Any], ...]:
    """Return the parameters of a collection whose elements have these attributes."""
    return PAGE_SIZE, PAGE_OFFSET, INCLUDE_TOTAL, SORT, fields_parameter(attributes), FILTER


def page_of(query: QueryParameters, fields: Parameter[tuple[str, ...] | None]) -> Page:
    """Return the requested page."""
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
    """Return the response with one page."""
    more = items.more and page.offset + page.size <= MAX_OFFSET
    make = _cached_links if len(request.scope["query_string"]) <= _CACHED_QUERY_BYTES else _links
    links = make(request.scope["path"], tuple(query.pairs), page.offset, page.size, more)
    body = b'{"count":%d,"data":%b,"links":%b' % (items.shown, items.data, links)
    body += b"}" if items.total is None else b',"total":%d}' % items.total
    return answer(request, body)


def element(request: Request, found: Element) -> Response:
    """Return the response with one element; its checksum is the entity tag."""
    return answer(request, b'{"data":%b}' % found.data.encode(), tag=found.tag)


def _links(path: str, pairs: tuple[tuple[str, str], ...], offset: int, size: int, more: bool) -> bytes:
    rest = [(name, value) for name, value in pairs if name != PAGE_OFFSET.name]
    quoted = quote(path, safe="/:~")

    def link(to: int | None) -> dict[str, object]:
        query = rest if to is None else [*rest, (PAGE_OFFSET.name, str(to))]
        href = f"{quoted}?{urlencode(query, quote_via=quote, safe=':,')}" if query else quoted
        return {"href": href, "methods": ["get"]}

    links = {"first": link(None)}
    if offset:
        links["prev"] = link(max(0, offset - size) or None)
    if more:
        links["next"] = link(offset + size)
    links["self"] = link(offset or None)
    return orjson.dumps(links)


# Nearly all requests are for the first page.
_cached_links = lru_cache(maxsize=256)(_links)
