"""What this process publishes of the outbox, and what of it was handed to the relay already.

Every batch takes one block of positions after it holds its row locks. A row of ours is handed out when its batch
commits; a row of another writer is found by a scan. Between two resets each row of a held shard is handed out once.

A scan need not start at the beginning of the table. Blocks are numbered without holes, so when every block between
the floor and ours is our own, nobody else wrote there. When some are not, they are scanned; and a block stays in the
scanned range until every transaction that may have taken it is over: whoever takes a block has a transaction id by
then, so all of them are older than the transaction of our next look. (The end of a snapshot is no such bound: it lies
behind the last transaction that is over, not before the next to begin.)
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

BLOCK = 65_536
"""Positions in a block: more than a batch can have messages."""

PAGE = 5_000
"""Rows that one scan hands out at most; what is beyond stays in the table for the next one."""


@dataclass(frozen=True, slots=True)
class Scan:
    """Positions to read for rows of other writers: from `first` to below `before`, without the blocks `own`.

    As many as `limit`: a page and what of the range was handed out but not deleted yet.
    """

    first: int
    before: int
    own: list[int]
    limit: int
    floor: int


@dataclass(slots=True)
class Publishing:
    """The shards this process holds and how far the outbox is known; used under the process's writer lock only."""

    held: frozenset[int] = frozenset()
    _floor: int = 0
    _own: set[int] = field(default_factory=set)
    _handed: set[int] = field(default_factory=set)
    _open: deque[tuple[int, int]] = field(default_factory=deque)
    _unbounded: int | None = None

    def reset(self, held: frozenset[int]) -> None:
        """Hold these shards from now on and hand out again everything that is in the table."""
        self.held = held
        self._floor = 0
        self._own.clear()
        self._handed.clear()
        self._open.clear()
        self._unbounded = None

    @property
    def needs_transaction(self) -> bool:
        """Whether the next `scan` has to be given a transaction id."""
        return self._unbounded is not None

    def scan(self, block: int, oldest_running: int, transaction: int | None) -> Scan | None:
        """What to read before block `block`, None when it is certain that no one else wrote there.

        `oldest_running` is the oldest running transaction of a snapshot older than the scan; `transaction` is the id
        of a transaction that began to write after the last `scanned`.
        """
        if not self.held:
            return None
        if self._unbounded is not None and transaction is not None:
            self._open.append((self._unbounded, transaction))
            self._unbounded = None
        floor = max((number for number, after in self._open if after <= oldest_running), default=self._floor)
        own = sorted(number for number in self._own if number >= self._floor)
        if len(own) == block - self._floor:
            return None
        return Scan(self._floor * BLOCK, block * BLOCK, own, PAGE + len(self._handed), max(floor, self._floor))

    def scanned(self, scan: Scan | None, block: int, positions: Iterable[int], *, ours: bool, whole: bool) -> None:
        """The scan's rows at `positions` are handed out now, and so is block `block` when it is `ours`.

        When the scan was not `whole` (it met its limit), the block has to wait behind the rest.
        """
        if not self.held:
            return
        if not whole:
            self._handed.update(positions)
            return
        if ours:
            self._own.add(block)
        self._handed.update(positions)
        self._floor = block if scan is None else scan.floor
        self._own = {number for number in self._own if number >= self._floor}
        while self._open and self._open[0][0] <= self._floor:
            self._open.popleft()
        # An older block that waits for its bound is covered by this one.
        self._unbounded = block if block > self._floor and (not self._open or self._open[-1][0] < block) else None

    def is_handed(self, position: int) -> bool:
        """Whether this row of another writer was handed out already."""
        return position in self._handed

    def deleted(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Forget handed positions whose rows are gone."""
        if self._handed:
            for first, last in ranges:
                self._handed.difference_update(range(first, last + 1))
