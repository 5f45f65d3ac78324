"""A TCP proxy on 127.0.0.1 with faults on demand: refuse, cut, delay, forward nothing, or cut at a chosen request.

A fault can be limited to the connections of one process: the proxy finds them by the open ports of the process.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import psutil

HOST = "127.0.0.1"
CHUNK = 65_536
TAIL_BYTES = 64
"""Bytes of the previous chunk that are searched again, for a pattern that spans two chunks."""

Matches = Callable[[bytes], bool]


@dataclass(eq=False)
class Link:
    """A client's connection; `swallow` cuts it when the next answer of the server arrives, which is dropped."""

    port: int
    down: asyncio.StreamWriter
    up: asyncio.StreamWriter
    tail: bytes = b""
    swallow: bool = False

    def cut(self) -> None:
        """Abort the connection on both sides."""
        self.down.transport.abort()
        self.up.transport.abort()


@dataclass(eq=False)
class Silence:
    """While this is active, nothing is forwarded in the chosen directions; connections stay open."""

    pid: int | None
    up: bool
    down: bool
    over: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(eq=False)
class Trap:
    """Cuts a connection at a request of its client: before the request is forwarded, or after the server's answer."""

    matches: Matches
    after: bool
    pid: int | None
    times: int = 1
    triggered: asyncio.Event = field(default_factory=asyncio.Event)


class Proxy:
    """Forwards to `target` (host and port, called at each connection); `start` before use, `stop` after it."""

    def __init__(self, target: Callable[[], tuple[str, int]]) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._pumps: set[asyncio.Task[None]] = set()
        self.port = 0
        self.links: set[Link] = set()
        self.refusing = False
        self.delay_seconds = 0.0
        self._silences: list[Silence] = []
        self._traps: list[Trap] = []

    async def start(self, port: int = 0) -> None:
        """Listen; port 0 takes a free one."""
        self._server = await asyncio.start_server(self._accept, HOST, port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and all connections."""
        if self._server is not None:
            self._server.close()
        self.cut()
        for task in list(self._pumps):
            task.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    def cut(self, pid: int | None = None) -> int:
        """Cut the connections of a process, or all for None. Return their number."""
        links = [link for link in self.links if _owned(link, pid)]
        for link in links:
            link.cut()
        return len(links)

    @contextlib.contextmanager
    def silent(self, pid: int | None = None, *, up: bool = True, down: bool = True) -> Iterator[None]:
        """Forward nothing in these directions, as if a cable were unplugged."""
        silence = Silence(pid, up, down)
        self._silences.append(silence)
        try:
            yield
        finally:
            self._silences.remove(silence)
            silence.over.set()

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        """Cut every connection and refuse new ones."""
        self.refusing = True
        self.cut()
        try:
            yield
        finally:
            self.refusing = False

    @contextlib.contextmanager
    def slow(self, seconds: float) -> Iterator[None]:
        """Delay every chunk by this many seconds, in both directions."""
        self.delay_seconds = seconds
        try:
            yield
        finally:
            self.delay_seconds = 0.0

    def trap(self, matches: Matches, *, after: bool, pid: int | None = None, times: int = 1) -> Trap:
        """Cut the next `times` connections with data that `matches`; `triggered` is set at the last one."""
        trap = Trap(matches, after, pid, times)
        self._traps.append(trap)
        return trap

    def disarm(self) -> None:
        """Remove all traps."""
        self._traps.clear()

    async def _accept(self, down_reader: asyncio.StreamReader, down: asyncio.StreamWriter) -> None:
        if self.refusing:
            down.transport.abort()
            return
        try:
            up_reader, up = await asyncio.open_connection(*self._target())
        except OSError:
            down.transport.abort()
            return
        link = Link(down.get_extra_info("peername")[1], down, up)
        self.links.add(link)
        ways = (self._pump(link, down_reader, up, upwards=True), self._pump(link, up_reader, down, upwards=False))
        for way in ways:
            task = asyncio.create_task(way)
            self._pumps.add(task)
            task.add_done_callback(self._pumps.discard)

    async def _pump(
        self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, upwards: bool
    ) -> None:
        try:
            while data := await reader.read(CHUNK):
                if self.delay_seconds:
                    await asyncio.sleep(self.delay_seconds)
                while silence := self._silence(link, upwards):
                    await silence.over.wait()
                if (upwards and self._trapped(link, data)) or (not upwards and link.swallow):
                    break
                writer.write(data)
                await writer.drain()
        except OSError:
            # One side closed the connection; the other one is closed below.
            pass
        finally:
            self.links.discard(link)
            link.cut()

    def _silence(self, link: Link, upwards: bool) -> Silence | None:
        for silence in self._silences:
            if (silence.up if upwards else silence.down) and _owned(link, silence.pid):
                return silence
        return None

    def _trapped(self, link: Link, data: bytes) -> bool:
        """Return whether to cut now; a trap with `after` makes the link drop the answer instead."""
        seen = link.tail + data
        link.tail = seen[-TAIL_BYTES:] if self._traps else b""
        for trap in self._traps:
            if trap.matches(seen) and _owned(link, trap.pid):
                trap.times -= 1
                if trap.times <= 0:
                    self._traps.remove(trap)
                    trap.triggered.set()
                link.swallow = trap.after
                link.tail = b""
                return not trap.after
        return False


def commits(data: bytes) -> bool:
    """Return whether a PostgreSQL client sent COMMIT in a simple query."""
    return b"COMMIT\0" in data


def requests(api_key: int) -> Matches:
    """Return a function that finds requests of a Kafka client: 0 Produce, 1 Fetch, 8 OffsetCommit, 12 Heartbeat.

    A request is found by its length, its API key and the client id, so it need not be at the beginning of a chunk.
    """

    def matches(data: bytes) -> bool:
        at = 0
        while (at := data.find(CLIENT_NAME, at + 1)) >= 0:
            # length (4), API key (2), version (2), correlation (4), length of the client id (2), client id
            if at >= 10 and data[at - 10 : at - 8] == api_key.to_bytes(2):
                return True
        return False

    return matches


CLIENT_NAME = b"producer-registry"


def _owned(link: Link, pid: int | None) -> bool:
    if pid is None:
        return True
    try:
        return any(c.laddr[1:] == (link.port,) for c in psutil.Process(pid).net_connections("tcp4"))
    except psutil.Error:
        return False
