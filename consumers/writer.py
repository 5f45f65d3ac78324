"""The one writer of this process: a batch at a time, and what it leaves to publish handed on in that order."""

import asyncio
from collections.abc import Mapping, Sequence

from consumers.batch import Parsed
from consumers.outlet import Outlet
from service.store.command_store import Applied, CommandStore


class Writer:
    """Applies batches under the lock that it shares with the relay, whose view of the outbox they change.

    `reached` is where the reader is, by topic and partition, kept up to date by its owner.
    """

    def __init__(
        self, store: CommandStore, lock: asyncio.Lock, outlet: Outlet, reached: Mapping[tuple[str, int], int]
    ) -> None:
        self._store = store
        self._lock = lock
        self._outlet = outlet
        self._reached = reached

    async def apply(self, batch: Sequence[Parsed]) -> Applied:
        """Decide a batch; raises what the store raises."""
        outlet = self._outlet
        await outlet.room()
        async with self._lock:
            sent = outlet.take_sent()
            try:
                applied = await self._store.apply(batch, sent, self._reached)
            except BaseException:
                outlet.give_back(sent)
                raise
            outlet.hand(applied.messages)
        return applied
