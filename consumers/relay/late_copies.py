"""State records of which an older copy may still arrive at the broker, behind newer records of their key.

A message without an answer is sent again, and its first copy may arrive later: from the producer that was discarded, or
from the relay that lost its shard. For events this is harmless, because subscribers skip a lower `ce_sequence`. A
compacted topic keeps the last record. Therefore the newest record of such a key is sent again when no copy can arrive
any more.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import inf

from consumers.relay.lease import LEASE_SECONDS
from consumers.relay.report import Report
from service.contract.message import Message
from service.store.frame_row import CHUNK_MESSAGES

ARRIVAL_SECONDS = 3.0
"""The longest time from the moment at which a record is sent to its arrival in the log."""

LATE_SECONDS = LEASE_SECONDS + ARRIVAL_SECONDS

_Key = tuple[str, bytes | None]


@dataclass(slots=True)
class _Copies:
    """The position of the newest record that was sent of a key, behind which older ones may arrive until `until`.

    `newest` is that record if an older one was sent before it. A single record cannot be behind a newer one, and most
    keys have one, so it is not kept.
    """

    position: int
    until: float
    newest: Message | None = None


class LateCopies:
    """Remembers the keys whose older records may arrive late, and returns their newest records when these are due."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._keys: dict[_Key, _Copies] = {}
        # No key is due before: there may be many thousands, and the relay asks for each chunk.
        self._earliest = inf
        # Of shards that were taken over: until when, and how many messages their former relay may have sent.
        self._taken: dict[int, tuple[float, int]] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def taken_over(self, shards: Iterable[int]) -> None:
        """Expect copies of the first messages of these shards: their former relay may have sent one chunk of them."""
        until = self._monotonic() + LATE_SECONDS
        self._taken.update((shard, (until, CHUNK_MESSAGES)) for shard in shards)

    def unanswered(self, messages: Iterable[Message]) -> None:
        """Expect copies of messages that were sent and not answered."""
        until = self._monotonic() + LATE_SECONDS
        for message in messages:
            if message.aggregatetype == "state":
                self._expect(message, until)

    def sent(self, messages: Iterable[Message]) -> None:
        """Record that the broker accepted these messages, in order."""
        now = self._monotonic()
        for message in messages:
            if message.aggregatetype != "state":
                continue
            until, left = self._taken.get(message.shard, (0.0, 0))
            if left and now < until:
                self._taken[message.shard] = until, left - 1
                self._expect(message, until)
            elif (copies := self._keys.get((message.topic, message.key))) is not None:
                _replace(copies, message)
        for shard, (until, left) in list(self._taken.items()):
            if not left or now >= until:
                del self._taken[shard]

    def record(self, messages: Sequence[Message], report: Report) -> None:
        """Record the report of messages that were sent in this order."""
        if report.error is not None:
            self.unanswered(m for m in messages if m.position not in report.sent and m.position not in report.refused)
        if self._keys or self._taken:
            self.sent(message for message in messages if message.position in report.sent)

    def due(self) -> list[Message]:
        """Return the newest records of keys of which no older copy can arrive any more; others are forgotten."""
        now = self._monotonic()
        if now < self._earliest:
            return []
        ended = [key for key, copies in self._keys.items() if now >= copies.until]
        due = []
        for key in ended:
            if (newest := self._keys[key].newest) is None:
                del self._keys[key]
            else:
                due.append(newest)
        # Those that are due stay until they were sent again.
        self._earliest = min((copies.until for copies in self._keys.values()), default=inf)
        return due

    def repeated(self, messages: Iterable[Message]) -> None:
        """Forget records that were sent again."""
        for message in messages:
            copies = self._keys.get((message.topic, message.key))
            if copies is not None and copies.newest is message:
                del self._keys[message.topic, message.key]

    def clear(self) -> None:
        """Forget all: the shards belong to another relay, which expects the same copies."""
        self._keys.clear()
        self._taken.clear()
        self._earliest = inf

    def _expect(self, message: Message, until: float) -> None:
        self._earliest = min(self._earliest, until)
        copies = self._keys.get((message.topic, message.key))
        if copies is None:
            self._keys[message.topic, message.key] = _Copies(message.position, until)
        else:
            copies.until = max(copies.until, until)
            _replace(copies, message)


def _replace(copies: _Copies, message: Message) -> None:
    if message.position > copies.position:
        copies.position, copies.newest = message.position, message
