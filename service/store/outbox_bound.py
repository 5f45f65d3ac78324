"""The bound of the outbox: no new row can appear below it.

A writer holds the lock of batches from before it takes a block until its commit is visible. Read the block counter, and
then the holders of that lock: when all of these transactions have ended, every block up to that counter is either
visible or will never be. Other transactions do not matter.
"""

from collections.abc import Iterable


class Bound:
    """Follows the counter and the holders; a scan that begins after `observe` may rely on `block`."""

    def __init__(self) -> None:
        self.block = 0
        """All blocks below this one are visible or will never be visible."""
        self._counter = 0
        self._holders: set[str] | None = None

    def observe(self, counter: int, holders: Iterable[str]) -> None:
        """Record the last block that was taken, and the writers that a later statement found."""
        if self._holders is None:
            self._counter, self._holders = counter, set(holders)
        else:
            self._holders.intersection_update(holders)
        if not self._holders:
            self.block, self._holders = self._counter + 1, None
