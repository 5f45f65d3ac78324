"""A proxy in front of a Kafka broker that denies to be the leader of some topics' partitions."""

import asyncio
from collections.abc import Callable
from typing import Any

from aiokafka.errors import NotLeaderForPartitionError
from aiokafka.protocol.offset import OffsetRequest

HOST = "127.0.0.1"
_RESPONSES = {struct.API_VERSION: struct.RESPONSE_TYPE for struct in OffsetRequest._CLASSES}


class LeaderProxy:
    """Forwards requests to `target` (host and port, called at each connection); `start` before use, `stop` after it.

    While `denied` has topics, requests for the offsets of their partitions (ListOffsets) are answered with
    NotLeaderForPartition; `denials` counts these responses. A broker answers so while it still creates a partition
    that its metadata have already.
    """

    def __init__(self, target: Callable[[], tuple[str, int]]) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._pumps: set[asyncio.Task[None]] = set()
        self.port = 0
        self.denied: set[str] = set()
        self.denials = 0

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._accept, HOST)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and all connections."""
        if self._server is not None:
            self._server.close()
        for task in self._pumps:
            task.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _accept(self, down_reader: asyncio.StreamReader, down: asyncio.StreamWriter) -> None:
        up_reader, up = await asyncio.open_connection(*self._target())
        asked: dict[bytes, int] = {}

        def request(frame: bytes) -> bytes:
            # API key (2), version (2), correlation id (4)
            if int.from_bytes(frame[:2]) == OffsetRequest.API_KEY:
                asked[frame[4:8]] = int.from_bytes(frame[2:4])
            return frame

        def response(frame: bytes) -> bytes:
            version = asked.pop(frame[:4], None)
            return frame if version is None else frame[:4] + self._denied(_RESPONSES[version], frame[4:])

        for way in (_pump(down_reader, up, request), _pump(up_reader, down, response)):
            task = asyncio.create_task(way)
            self._pumps.add(task)
            task.add_done_callback(self._pumps.discard)

    def _denied(self, struct: Any, body: bytes) -> bytes:
        decoded = struct.decode(body)
        self.denials += any(topic in self.denied for topic, _ in decoded.topics)
        decoded.topics = [
            (topic, _refused(partitions) if topic in self.denied else partitions)
            for topic, partitions in decoded.topics
        ]
        encoded: bytes = decoded.encode()
        return encoded


def _refused(partitions: list[Any]) -> list[Any]:
    return [(number, NotLeaderForPartitionError.errno, *rest) for number, _, *rest in partitions]


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, change: Callable[[bytes], bytes]) -> None:
    """Forward the frames of one direction, each with its length in front, until one side closes the connection."""
    try:
        while True:
            frame = change(await reader.readexactly(int.from_bytes(await reader.readexactly(4))))
            writer.write(len(frame).to_bytes(4) + frame)
            await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        return
    finally:
        writer.close()
