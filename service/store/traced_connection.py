"""A connection whose statements are spans of the batch that they belong to."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, cast

from service.store.session import Connection

if TYPE_CHECKING:
    from service.tracing import Tracing

_COMMENT: Final = re.compile(r"--.*")
_OPERATION: Final = re.compile(r"[A-Za-z]+")
_STATEMENTS: Final = frozenset({"execute", "executemany", "fetch"})
_COPY: Final = "copy_records_to_table"


class TracedConnection:
    """Passes everything on to a connection, and traces the methods that the writer sends statements with.

    The text of a statement has no values: they are bound parameters.
    """

    def __init__(self, connection: Connection, tracing: Tracing) -> None:
        self._connection = connection
        self._tracing = tracing

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._connection, name)
        return self._traced(name, found) if name in _STATEMENTS or name == _COPY else found

    def _traced(self, method: str, send: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def traced(first: str, *values: Any, **options: Any) -> Any:
            attributes = {"db.system.name": "postgresql"}
            if method == _COPY:
                attributes |= {"db.operation.name": "COPY", "db.collection.name": first}
                summary = f"COPY {first}"
            else:
                summary = _OPERATION.findall(_COMMENT.sub("", first))[0].upper()
                attributes |= {"db.operation.name": summary, "db.query.text": first}
            with self._tracing.part(summary, attributes, client=True):
                return await send(first, *values, **options)

        return traced


def traced(connection: Connection, tracing: Tracing | None) -> Connection:
    """Return the connection, with a span for each statement if the process traces."""
    return connection if tracing is None else cast("Connection", TracedConnection(connection, tracing))
