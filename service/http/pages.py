"""The pages of a collection of codes or associations: how they are answered, and which of them are expensive."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.responses import Response

from service.http.collection import collection, page_of
from service.http.operation import RequestContext
from service.http.parameter import Parameter
from service.store.code_page import Items, Page
from service.store.page_cost import MANY, MAX_ENTRIES, is_cheap


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages that `read` returns; it raises HttpProblem if the collection does not exist for the caller.

    `owners` returns the number of users, groups and organizations whose codes the collection has, None for all codes.
    `by_index` says whether filters can use the indexes of codes.
    """

    read: Callable[[RequestContext, Page], Awaitable[Items]]
    fields: Parameter[tuple[str, ...] | None]
    owners: Callable[[RequestContext], int | None]
    by_index: bool = False

    async def answer(self, context: RequestContext) -> Response:
        """Return the response with the requested page."""
        page = page_of(context.query, self.fields)
        return collection(context.request, context.query, page, await self.read(context, page))

    async def is_expensive(self, context: RequestContext) -> bool:
        """Return whether no index serves the page and the collection has many codes, which a cheap read tells."""
        owners = self.owners(context)
        if is_cheap(page_of(context.query, self.fields), owners=owners or 1, by_index=self.by_index):
            return False
        if owners is None or owners * MANY > MAX_ENTRIES:
            return True
        return (await self.read(context, Page(size=1, offset=MANY))).shown > 0
