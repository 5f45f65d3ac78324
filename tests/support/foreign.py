"""Long transactions of other applications on the same server as the registry."""

import contextlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from tests.support.database import made_database, url_of

SNAPSHOT: Final = "a snapshot of a dump"
IDLE: Final = "an idle session with a transaction id"
PREPARED: Final = "a forgotten prepared transaction"
ELSEWHERE: Final = "a transaction in another database"
KINDS: Final = (SNAPSHOT, IDLE, PREPARED, ELSEWHERE)


@asynccontextmanager
async def open_transaction(kind: str, server: str, url: str) -> AsyncIterator[None]:
    """Keep a transaction of one of KINDS open. `server` is the URL of the server, `url` the URL of the database.

    A prepared transaction needs a server with the setting max_prepared_transactions.
    """
    async with contextlib.AsyncExitStack() as stack:
        if kind == ELSEWHERE:
            url = url_of(server, await stack.enter_async_context(made_database(server)))
        session = await asyncpg.connect(url, timeout=30)
        stack.push_async_callback(session.close)
        if kind == SNAPSHOT:
            await session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            await session.execute("SELECT count(*) FROM producer_code")
        else:
            await session.execute("BEGIN; SELECT pg_current_xact_id()")
        if kind == PREPARED:
            name = f"forgotten-{secrets.token_hex(4)}"
            # A prepared transaction needs no session, but prevents a drop of the database.
            await session.execute(f"PREPARE TRANSACTION '{name}'")
            stack.push_async_callback(session.execute, f"ROLLBACK PREPARED '{name}'")
        yield
