"""The bound of the outbox: below it no row can appear any more.

A writer holds the lock of batches from before it takes a block until after its commit is visible. So, of the block
counter and the holders of that lock, in this order: once all of these transactions have ended, every block up to that
counter is resolved. Transactions of anybody else have no part in it.
"""

from collections.abc import Iterable


class Bound:
    """Told the counter and the holders again and again; a scan that begins after `observe` may rely on `block`."""

    def __init__(self) -> None:
        self.block = 0
        """All blocks below this one are visible or will never be."""
        self._counter = 0
        self._holders: set[str] | None = None

    def observe(self, counter: int, holders: Iterable[str]) -> None:
        """Take the last block handed out, and the writers that a later statement found."""
        if self._holders is None:
            self._counter, self._holders = counter, set(holders)
        else:
            self._holders.intersection_update(holders)
        if not self._holders:
            self.block, self._holders = self._counter + 1, None
