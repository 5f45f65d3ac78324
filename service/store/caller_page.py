"""A cache for the most frequent request: the first codes of a caller.

The database says which codes they are, and the documents are cached here. A document is found by its stamp, which names
the state of every row that the document shows. A cached document is never out of date: every answer takes its stamps
from the database after the request arrived.

Row versions identify states of one server only: a restored server, or another server after a failover, can use the same
versions again. So the cache is dropped with every new database session, when the database is unavailable, and when the
database does not confirm the end of a cancelled statement.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from service.store.code_page import CALLER, CODE_DETAIL, Items, Page, caller_codes
from service.store.document_cache import DocumentCache
from service.store.errors import StoreRace, StoreUnavailable
from service.store.pool import Pool, fetch
from service.store.request_coalescing import RequestCoalescer
from service.store.statement import complete, fill, part

if TYPE_CHECKING:
    import asyncpg

    Row: TypeAlias = asyncpg.Record

ROWS: Final = 26
"""Codes of a caller that are read: a page of 25, and one more that shows whether another page follows."""

TRIES: Final = 3
"""Attempts to get a page while codes change between its two statements."""

Question: TypeAlias = tuple[str, date | None, str]
"""A caller's subject, the date (None for today), and the externally visible code strings with commas."""

Stamps: TypeAlias = list[str] | None
"""The stamps of a caller's codes in order; None for a user who is disabled."""

_STAMP: Final = part("code_stamp")
_ROLES: Final = part("role_stamp")
_STAMPS: Final = fill(part("caller_stamps"), caller=CALLER, stamp=_STAMP, roles=_ROLES)
_UNSORTED: Final = dict.fromkeys(("filter", "order_c", "columns_c", "columns_own", "direction"), "")
_DOCUMENTS: Final = complete(
    part("code_document"), detail=fill(CODE_DETAIL, stamp=f"{_STAMP} AS stamp, ", roles=_ROLES)
)


def stamps_statement(*, renewal: bool) -> str:
    """Return the statement with the parameters subjects, dates and externally visible code strings, one per subject."""
    limit = str(ROWS)
    return complete(_STAMPS, codes=fill(caller_codes(renewal=renewal), limit=limit, **_UNSORTED), limit=limit)


def documents_statement() -> str:
    """Return the statement with one parameter: ids of codes."""
    return _DOCUMENTS


def is_plain(page: Page) -> bool:
    """Return whether CallerPages can answer: the first codes by code string, with all attributes, without a total."""
    return not (page.sorts or page.filters or page.total) and page.fields is None and page.offset + page.size < ROWS


class CallerPages:
    """Pages of callers; requests that wait at the same time share one statement on a connection of the pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._cache = DocumentCache()
        self._coalescers = {
            renewal: RequestCoalescer(partial(self._stamps, stamps_statement(renewal=renewal)))
            for renewal in (False, True)
        }

    @property
    def kept(self) -> Mapping[str, bytes]:
        """The cached documents by their stamps, the oldest first."""
        return self._current()

    async def page(
        self, subject: str, *, renewal: bool, on: date | None, visible: Sequence[str], page: Page
    ) -> Items | None:
        """Return the page, or None for a user who is disabled.

        Raises StoreUnavailable, or StoreRace when the codes change during each of TRIES attempts.
        """
        end = page.offset + page.size
        coalescer = self._coalescers[renewal]
        for _ in range(TRIES):
            stamps = await coalescer.answer((subject, on, ",".join(visible)))
            if stamps is None:
                return None
            documents = await self._documents_of(stamps[page.offset : end])
            if documents is not None:
                return Items(b"[%b]" % b",".join(documents), len(documents), more=len(stamps) > end, total=None)
        raise StoreRace("the caller's codes changed between the two statements in every attempt")

    async def _stamps(self, query: str, questions: Sequence[Question]) -> list[Stamps]:
        subjects, days, visible = zip(*questions, strict=True)
        rows = await self._fetch(query, subjects, days, visible)
        return [row["stamps"] if row["verdict"] else None for row in rows]

    async def _documents_of(self, stamps: list[str]) -> list[bytes] | None:
        """Return the documents in order; None when one of them has changed meanwhile: the page may have, too."""
        cache = self._current()
        try:
            return [cache[stamp] for stamp in stamps]
        except KeyError:
            missing = [stamp for stamp in stamps if stamp not in cache]
        documents = {stamp: cache[stamp] for stamp in stamps if stamp in cache}
        rows = await self._fetch(_DOCUMENTS, [stamp.partition(" ")[0] for stamp in missing])
        documents.update((row["stamp"], row["document"].encode()) for row in rows)
        cache.keep(documents)
        return [documents[stamp] for stamp in stamps] if documents.keys() >= set(stamps) else None

    async def _fetch(self, query: str, *values: object) -> "list[Row]":
        try:
            return await fetch(self._pool, query, *values)
        except StoreUnavailable:
            self._cache = DocumentCache(self._pool.generation)
            raise

    def _current(self) -> DocumentCache:
        """Return the cache, an empty one in a new generation: its server may be another one."""
        if self._cache.generation != self._pool.generation:
            self._cache = DocumentCache(self._pool.generation)
        return self._cache
