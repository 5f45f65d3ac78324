"""Reads for HTTP callers: one statement per answer, with JSON built by PostgreSQL.

Answers are texts that can be put into a body as they are. `organizations` are the distinct ids of the organizations
that the caller may see, None for all. Anything outside of them is answered as if it did not exist. Every method raises
StoreUnavailable when the database does not answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, TypeAlias

from service.contract.topics import Topics
from service.store.caller_page import CallerPages, is_plain
from service.store.code_page import (
    CODES,
    CODES_OF_GROUP,
    CODES_OF_ORGANIZATIONS,
    CODES_OF_USER,
    RENEWAL_CODES_OF_CALLER,
    SUBMISSION_CODES_OF_CALLER,
    Collection,
    Items,
    Page,
    elements_statement,
    page_statement,
)
from service.store.command_states import CommandState, SentCommand, command_states
from service.store.list_page import group_one, group_statement, user_one, user_statement
from service.store.offset_fence import Origin
from service.store.pool import Pool, fetch
from service.store.request_coalescing import RequestCoalescer
from service.store.statement import statement

if TYPE_CHECKING:
    import asyncpg

    Row: TypeAlias = asyncpg.Record

Organizations: TypeAlias = Sequence[str] | None

_ORGANIZATION = statement("read/organization_find")
_OWNED = statement("read/owned")
_ROLE = statement("read/role_find")
_STRINGS_KNOWN = statement("read/code_strings_known")


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a collection as a JSON object; `tag` is its checksum."""

    data: str
    tag: str


@dataclass(frozen=True, slots=True)
class Attributes:
    """The attributes of a resource as a JSON object."""

    attributes: str
    version: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of groups or users as a JSON array; `last` is the id to continue after, None when nothing follows.

    `version` is the least version on the page: of a page with one element, the version of that element.
    """

    data: str
    last: str | None
    version: int


@dataclass(frozen=True, slots=True)
class Owned:
    """The organization and the version of a producer code, a group or a user."""

    organization_id: str
    version: int


class ReadStore:
    """Reads for HTTP on a pool of connections."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._caller_pages = CallerPages(pool)
        self._elements = RequestCoalescer(self._codes_by_id)

    async def codes_of_caller(
        self, subject: str, *, renewal: bool, on: date | None, visible: Sequence[str], page: Page
    ) -> Items | None:
        """Return the codes that a caller may use; None for a user who is disabled.

        `on` is the date on which they must be usable, None for today by the database's clock (UTC).
        `visible` are the code strings, in lower case, for callers who are not users of the registry.
        """
        if is_plain(page):
            return await self._caller_pages.page(subject, renewal=renewal, on=on, visible=visible, page=page)
        collection = RENEWAL_CODES_OF_CALLER if renewal else SUBMISSION_CODES_OF_CALLER
        return await self._items(collection, page, subject, on, visible)

    async def codes(self, organizations: Organizations, page: Page) -> Items:
        """Return the codes of the organizations, whatever their status."""
        if organizations is None:
            items = await self._items(CODES, page)
        else:
            items = await self._items(CODES_OF_ORGANIZATIONS, page, organizations)
        return items or Items(b"[]", 0, more=False, total=0 if page.total else None)

    async def codes_of_organization(self, organization_id: str, page: Page) -> Items | None:
        """Return the codes of one organization; None when there is no such organization."""
        return await self._items(CODES_OF_ORGANIZATIONS, page, [organization_id])

    async def codes_of_user(self, user_id: str, organizations: Organizations, page: Page) -> Items | None:
        """Return the associations of a user; None when there is no such user."""
        return await self._items(CODES_OF_USER, page, user_id, organizations)

    async def codes_of_group(self, group_id: str, organizations: Organizations, page: Page) -> Items | None:
        """Return the associations of a group; None when there is no such group."""
        return await self._items(CODES_OF_GROUP, page, group_id, organizations)

    async def code(self, code_id: str, organizations: Organizations, fields: Sequence[str] | None) -> Element | None:
        """Return one code of the organizations, or None.

        The responses to writes of one batch read their codes at the same time: they share a statement.
        """
        if organizations is None and fields is None:
            return await self._elements.answer(code_id)
        if organizations is None:
            return await self._element(CODES, fields, code_id)
        return await self._element(CODES_OF_ORGANIZATIONS, fields, organizations, code_id)

    async def code_of_user(
        self, user_id: str, code_id: str, organizations: Organizations, fields: Sequence[str] | None
    ) -> Element | None:
        """Return the association of the user with the code, or None."""
        return await self._element(CODES_OF_USER, fields, user_id, organizations, code_id)

    async def code_of_group(
        self, group_id: str, code_id: str, organizations: Organizations, fields: Sequence[str] | None
    ) -> Element | None:
        """Return the association of the group with the code, or None."""
        return await self._element(CODES_OF_GROUP, fields, group_id, organizations, code_id)

    async def organization(self, organization_id: str) -> Attributes | None:
        """Return one organization, or None."""
        return _attributes(await self._rows(_ORGANIZATION, organization_id))

    async def role(self, role_id: str) -> Attributes | None:
        """Return one role, or None."""
        return _attributes(await self._rows(_ROLE, role_id))

    async def groups(self, type_: str | None, organizations: Organizations, after: str, limit: int) -> Listed:
        """Return groups after an id (empty for the first page), of one type when `type_` is given."""
        query = group_statement(limit, typed=type_ is not None, narrowed=organizations is not None)
        given = [value for value in (organizations, type_) if value is not None]
        return _listed(await self._row(query, after, limit, *given))

    async def group(self, group_id: str, organizations: Organizations) -> Listed | None:
        """Return one group as a page of one, or None."""
        row = await self._row(group_one(), group_id, 1, organizations)
        return _listed(row) if row["shown"] else None

    async def users(self, organizations: Organizations, after: str, limit: int) -> Listed:
        """Return users after an id (empty for the first page)."""
        given = [] if organizations is None else [organizations]
        return _listed(await self._row(user_statement(limit, narrowed=bool(given)), after, limit, *given))

    async def user(self, user_id: str, organizations: Organizations) -> Listed | None:
        """Return one user as a page of one, or None."""
        row = await self._row(user_one(), user_id, 1, organizations)
        return _listed(row) if row["shown"] else None

    async def known_strings(self, strings: Sequence[str]) -> set[str]:
        """Return which of the code strings (lower case) belong to a code."""
        return {row["code"] for row in await self._rows(_STRINGS_KNOWN, strings)}

    async def owned(self, kind: str, ids: Sequence[str]) -> dict[str, Owned]:
        """Return those of the producer codes ("code"), groups ("group") or users ("user") that exist, by their ids."""
        rows = await self._rows(_OWNED, kind, ids)
        return {row["id"]: Owned(row["organization_id"], row["version"]) for row in rows}

    async def command_states(
        self, sent: Sequence[SentCommand], topics: Topics, origin: Origin | None
    ) -> list[CommandState]:
        """Return what became of commands, in their order; see `service.store.command_states`."""
        return await command_states(self._pool, sent, topics, origin)

    async def _items(self, collection: Collection, page: Page, *given: object) -> Items | None:
        fields = None if page.fields is None else list(page.fields)
        query = page_statement(collection, page)
        row = await self._row(query, page.offset, page.size, fields, *given, *page.values())
        return Items(row["data"].encode(), row["shown"], row["more"], row["total"]) if row["verdict"] else None

    async def _element(self, collection: Collection, fields: Sequence[str] | None, *given: object) -> Element | None:
        query = page_statement(collection, Page(size=1), one=True)
        row = await self._row(query, 0, 1, fields, *given)
        return Element(row["data"][1:-1], row["tag"]) if row["shown"] else None

    async def _codes_by_id(self, ids: Sequence[str]) -> list[Element | None]:
        found = {row["n"]: Element(row["data"], row["tag"]) for row in await self._rows(elements_statement(), ids)}
        return [found.get(n) for n in range(1, len(ids) + 1)]

    async def _row(self, query: str, *values: object) -> "Row":
        """Return the only row of a statement that always returns one."""
        return (await self._rows(query, *values))[0]

    async def _rows(self, query: str, *values: object) -> "list[Row]":
        return await fetch(self._pool, query, *values)


def _attributes(rows: "list[Row]") -> Attributes | None:
    return Attributes(rows[0]["attributes"], rows[0]["version"]) if rows else None


def _listed(row: "Row") -> Listed:
    return Listed(row["data"], row["last"] if row["more"] else None, row["version"] or 0)
