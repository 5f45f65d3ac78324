"""The issuer of the tokens, which serves its keys over HTTP, and sends them very slowly when told to."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cryptography.hazmat.primitives import serialization

from tests.abuse.client import HOST
from tests.support.issuer import Issuer

BYTE_SECONDS = 0.5


class SlowIssuer:
    """Tokens and keys of an issuer. While `slow` is true, the key set arrives byte by byte and never ends."""

    def __init__(self) -> None:
        self.issuer = Issuer()
        self.slow = False
        self.url = ""

    @property
    def private_key(self) -> str:
        """The key that signs, as PEM."""
        pem = self.issuer.keys["ec"].private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return pem.decode()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["SlowIssuer"]:
        """Serve the keys; connections that are open at the end are closed."""
        tasks: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._serve(reader, writer))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        server = await asyncio.start_server(accept, HOST, 0)
        self.url = f"http://{HOST}:{server.sockets[0].getsockname()[1]}/jwks"
        try:
            yield self
        finally:
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            keys = self.issuer.jwks()
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n")
            while self.slow:
                writer.write(b"X")
                await writer.drain()
                await asyncio.sleep(BYTE_SECONDS)
            writer.write(b"Content-Length: %d\r\n\r\n" % len(keys) + keys)
            await writer.drain()
        writer.close()
