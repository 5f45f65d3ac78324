"""HTTP clients for the ports of this machine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from service.stack.port import HOST

ANSWER_SECONDS = 5.0


def http_client(port: int, **options: Any) -> httpx2.AsyncClient:
    """Return a client of a port. It does not load the certificates of authorities, which takes 15 ms."""
    return httpx2.AsyncClient(base_url=f"http://{HOST}:{port}", verify=False, **options)


class Asker:
    """A connection to a port on which one request follows the other.

    It is for tests that send thousands of requests: a client with all features takes ten times as long for each.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, path: str, token: str = "") -> tuple[int, bytes]:
        """Return the status and the body. Raises OSError or EOFError if there is no answer."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._get(path, token)
        except (OSError, EOFError):
            self.close()
            raise

    def close(self) -> None:
        """Close the connection; the next request opens another one."""
        if self._streams is not None:
            self._streams[1].close()
        self._streams = None

    async def _get(self, path: str, token: str) -> tuple[int, bytes]:
        if self._streams is not None and self._streams[0].at_eof():
            # The service closes connections that are idle for long.
            self.close()
        if self._streams is None:
            self._streams = await asyncio.open_connection(HOST, self._port)
        reader, writer = self._streams
        authorization = f"Authorization: Bearer {token}\r\n" if token else ""
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n{authorization}\r\n".encode())
        status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
        headers = dict(line.lower().split(": ", 1) for line in lines)
        return int(status.split()[1]), await reader.readexactly(int(headers["content-length"]))


@asynccontextmanager
async def asker(port: int) -> AsyncIterator[Asker]:
    """A connection to a port for as long as the block runs."""
    connection = Asker(port)
    try:
        yield connection
    finally:
        connection.close()
