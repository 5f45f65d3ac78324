"""A pooler in transaction mode: each transaction of a client runs in the session that became free last.

A client logs in to a server session of its own, whose answer it gets. That session stays for all clients only if there
is no free one yet, as with poolers that log clients in themselves.
"""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

HOST = "127.0.0.1"
_READY, _TERMINATE, _IDLE = b"Z", b"X", b"I"


@dataclass(frozen=True)
class Session:
    """A connection to the server."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Read one message: its type and all its bytes."""
    head = await reader.readexactly(5)
    (length,) = struct.unpack(">I", head[1:])
    return head[:1], head + await reader.readexactly(length - 4)


@dataclass
class TransactionPooler:
    """Serves clients of a database server."""

    host: str
    port: int
    free: list[Session] = field(default_factory=list)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a client in a task of its own."""
        task = asyncio.create_task(self._serve(reader, writer))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session: Session | None = None
        answering: asyncio.Task[None] | None = None
        try:
            await self._log_in(reader, writer)
            while True:
                kind, message = await _message(reader)
                if kind == _TERMINATE:
                    return
                if answering is None or answering.done():
                    session = self.free.pop()
                    answering = asyncio.create_task(self._answer(session, writer))
                assert session is not None
                session.writer.write(message)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            if answering is not None and session is not None and answering.cancel():
                # In a transaction, or in the middle of an answer.
                session.writer.close()
            writer.close()

    async def _log_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(*await asyncio.open_connection(self.host, self.port))
        head = await reader.readexactly(4)
        session.writer.write(head + await reader.readexactly(struct.unpack(">I", head)[0] - 4))
        while True:
            kind, message = await _message(session.reader)
            writer.write(message)
            if kind == _READY:
                break
            # Every request for authentication has an answer, except "all is well" and the last one of SCRAM.
            if kind == b"R" and struct.unpack(">I", message[5:9])[0] not in (0, 12):
                session.writer.write((await _message(reader))[1])
        if self.free:
            session.writer.close()
        else:
            self.free.append(session)

    async def _answer(self, session: Session, writer: asyncio.StreamWriter) -> None:
        """Forward answers until the transaction ends, and then free the session."""
        while True:
            kind, message = await _message(session.reader)
            if kind == _READY and message[5:] == _IDLE:
                self.free.append(session)
                writer.write(message)
                return
            writer.write(message)


@asynccontextmanager
async def transaction_pooler(url: str) -> AsyncIterator[str]:
    """Run a pooler before the server of a database URL, and yield the URL of the database behind it."""
    parts = urlsplit(url)
    pooler = TransactionPooler(parts.hostname or HOST, parts.port or 5432)
    server = await asyncio.start_server(pooler.accept, HOST, 0)
    port = server.sockets[0].getsockname()[1]
    login = parts.netloc.rpartition("@")[0]
    try:
        yield parts._replace(netloc=f"{login}@{HOST}:{port}", query="sslmode=disable").geturl()
    finally:
        server.close()
        for task in list(pooler.tasks):
            task.cancel()
        await asyncio.gather(*pooler.tasks, return_exceptions=True)
        for session in pooler.free:
            session.writer.close()
