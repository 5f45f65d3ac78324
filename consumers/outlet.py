"""What waits in memory to be published, and what was published and still lies in the table."""

import asyncio
from collections import deque
from collections.abc import Sequence

from service.contract.message import Message
from service.store.publishing import BLOCK

CHUNK = 2_000
"""Messages sent at a time: several batches' when they are small, a part of one when it is large."""

FULL = 4_000
"""So many waiting messages hold back the next batch."""

Ranges = list[tuple[int, int]]
"""Closed ranges of outbox positions."""


class Outlet:
    """A queue of messages in the order they were handed out, open or shut; changed under the writer lock only.

    While it is shut, what is handed is dropped: the table has it, and will be read again.
    """

    def __init__(self) -> None:
        self.filled = asyncio.Event()
        """Set when there is something to send."""
        self._open = False
        self._queue: deque[Sequence[Message]] = deque()
        self._waiting = 0
        self._sent: Ranges = []
        self._room = asyncio.Event()

    def __len__(self) -> int:
        return self._waiting

    def open(self) -> None:
        """Take what is handed from now on."""
        self._open = True

    def shut(self) -> None:
        """Drop what waits and what is handed from now on; what was sent is still known."""
        self._open = False
        self._queue.clear()
        self._waiting = 0
        self._room.set()

    def hand(self, messages: Sequence[Message]) -> None:
        """Queue messages behind the others."""
        if messages and self._open:
            self._queue.append(messages)
            self._waiting += len(messages)
            self.filled.set()

    async def room(self) -> None:
        """Wait until not too much is waiting."""
        while self._waiting > FULL:
            self._room.clear()
            await self._room.wait()

    def next_chunk(self) -> list[Message]:
        """Take the first messages out, in order."""
        chunk: list[Message] = []
        while self._queue and (room := CHUNK - len(chunk)):
            first = self._queue.popleft()
            chunk += first[:room]
            if len(first) > room:
                self._queue.appendleft(first[room:])
        self._waiting -= len(chunk)
        if self._waiting <= FULL:
            self._room.set()
        return chunk

    def sent(self, chunk: Sequence[Message], indexes: set[int]) -> None:
        """Those messages of a chunk are published: note where their rows are.

        A range never reaches over a message that was not sent, nor over the end of a block: between two blocks there
        may be one whose rows nobody has seen yet.
        """
        run = -1
        first = last = 0
        for index, message in enumerate(chunk):
            position = message.position
            if index not in indexes:
                if run >= 0:
                    self._sent.append((first, last))
                run = -1
            elif position // BLOCK == run and position > last:
                last = position
            else:
                if run >= 0:
                    self._sent.append((first, last))
                run, first, last = position // BLOCK, position, position
        if run >= 0:
            self._sent.append((first, last))

    @property
    def has_sent(self) -> bool:
        """Whether published rows wait to be deleted."""
        return bool(self._sent)

    def take_sent(self) -> Ranges:
        """Hand over the published rows, to be deleted with the next batch or on their own."""
        sent, self._sent = self._sent, []
        return sent

    def give_back(self, sent: Ranges) -> None:
        """They were not deleted, or perhaps not."""
        self._sent = sent + self._sent
