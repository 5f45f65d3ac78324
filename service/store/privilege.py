"""The privilege that a failed statement needed: PostgreSQL's error has only the object, or no hint of a privilege."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import asyncpg

from service.store.statement import statement

if TYPE_CHECKING:
    from service.store.pool import Session

SECONDS = 2.0

_MISSING = statement("privilege_missing")
_SCHEMA = statement("privilege_schema")
_WORD = re.compile(r"\w+")

# Any statement may need SELECT. FOR UPDATE needs UPDATE.
_BY_WORD = ("INSERT", "UPDATE", "DELETE")


async def missing_privilege(session: Session, error: asyncpg.InsufficientPrivilegeError) -> str:
    """Return the end of a message: the role of this session, and the privileges that it lacks for the statement.

    The session asks the server after the failed transaction is rolled back. Empty when it cannot.
    """
    query: str | None = getattr(error, "query", None)
    words = _WORD.findall(query or "")
    # asyncpg gives no query for COPY, with which rows are written.
    needed = ["INSERT"] if query is None else ["SELECT", *(word for word in _BY_WORD if word in words)]
    try:
        if session.is_in_transaction():
            await session.execute("ROLLBACK", timeout=SECONDS)
        # The object is a word of the message in any language, and a word of the statement.
        objects = [word for word in _WORD.findall(str(error)) if query is None or word in words]
        on_sequence = "USAGE" if "nextval" in words else "SELECT"
        [row] = await session.fetch(_MISSING, objects, needed, on_sequence, timeout=SECONDS)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
        return ""
    lacking = f" lacks {', '.join(row['lacking'])}" if row["lacking"] else " lacks a privilege"
    return f"; the role {row['role']}{lacking}"


async def missing_usage(session: Session) -> str:
    """Return the privilege on the schema that this session lacks; empty when it can use a schema, or cannot ask.

    Without USAGE, PostgreSQL says that the tables of the schema do not exist.
    """
    try:
        if session.is_in_transaction():
            await session.execute("ROLLBACK", timeout=SECONDS)
        [row] = await session.fetch(_SCHEMA, timeout=SECONDS)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
        return ""
    if row["usable"] is not None or not row["existing"]:
        return ""
    return f"the role {row['role']} lacks USAGE on the schema {row['existing']}"
