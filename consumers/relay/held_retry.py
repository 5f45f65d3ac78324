"""Trying held messages again, oldest first, until the broker takes them."""

import asyncio
import time
from collections.abc import Callable

from consumers.backoff import pause
from consumers.relay.held_keys import MOST_KEYS, HeldKeys, Queue
from consumers.relay.publisher import Publisher
from consumers.relay.report import Report
from service.contract.message import Message
from service.store.frame import FrameCorrupt, frames_of, messages_of
from service.store.held_store import HeldFrame, HeldStore, Scope
from service.telemetry import log

_log = log(__name__)

RETRY_SECONDS = 10.0
"""Longest rest between two passes over everything that is held, unless the last one took long."""

REST_FACTOR = 20
"""A pass is followed by a rest of so many times its length: trying takes a small part of the time."""


class HeldRetry:
    """Tries held messages in passes, with a publisher of its own; `turn` is held while the held messages change.

    `accepted` is told which partitions take messages again.
    """

    def __init__(
        self, store: HeldStore, publisher: Publisher, held: HeldKeys, accepted: Callable[[set[tuple[str, int]]], None]
    ) -> None:
        self.lock = asyncio.Lock()
        self._store = store
        self._publisher = publisher
        self._held = held
        self._accepted = accepted
        self._wanted = asyncio.Event()
        self._now = asyncio.Event()
        self._stopped: set[Queue] = set()
        self._blocked: dict[Queue, set[bytes]] = {}

    def schedule(self) -> None:
        """Try what is held when the rest after the last pass is over."""
        self._wanted.set()

    def retry_now(self) -> None:
        """Try what is held now: an operator removed the cause."""
        self._now.set()
        self._wanted.set()

    async def run(self) -> None:
        """Try again and again, until cancelled; raises StoreUnavailable."""
        rest = 0.0
        while True:
            await pause(rest, self._now)
            await pause(RETRY_SECONDS, self._wanted)
            self._now.clear()
            self._wanted.clear()
            started = time.monotonic()
            if self._held:
                await self._try_all()
            rest = REST_FACTOR * (time.monotonic() - started)

    async def abort(self) -> None:
        """Give up what is on its way; the rows are still there."""
        await self._publisher.abort()

    async def _try_all(self) -> None:
        self._publisher.try_all()
        self._stopped, self._blocked = set(), {}
        after = self._held.queues()
        while after:
            async with self.lock:
                # Shards may have been given up since the last page.
                ours = self._held.queues()
                after = {queue: at for queue, at in after.items() if queue in ours and queue not in self._stopped}
                page = await self._store.page(after) if after else []
                if not page or not await self._try(page):
                    return
            # A queue that is not in the page may have had no place in it.
            after |= {(held.frame.shard, held.frame.topic): held.frame.position for held in page}

    async def _try(self, page: list[HeldFrame]) -> bool:
        """Send what is not behind something refused; answers whether to go on with the next page."""
        rows: list[tuple[HeldFrame, list[Message]]] = []
        waiting: list[Message] = []
        for held in page:
            queue = held.frame.shard, held.frame.topic
            if queue in self._stopped:
                continue
            try:
                messages = messages_of(held.frame)
            except FrameCorrupt:
                self._stopped.add(queue)
                continue
            rows.append((held, messages))
            blocked = self._blocked.setdefault(queue, set())
            waiting += [m for m in messages if m.key is None or m.key not in blocked]
        report = await self._publisher.send(waiting)
        left = {held.frame.position: self._left(held, messages, report) for held, messages in rows}
        changed = [held for held, _ in rows if left[held.frame.position] != [held]]
        if changed:
            await self._store.replace({held.frame.position: left[held.frame.position] for held in changed})
            for held in changed:
                self._held.remove(held)
                for frame in left[held.frame.position]:
                    self._held.add(frame)
        if report.sent:
            _log.info("held_messages_released", messages=len(report.sent))
        self._accepted(report.accepted)
        # A page that runs out of time must not keep those behind it from their turn; keys it did not reach stay behind.
        return report.error is None or bool(report.sent or report.refused)

    def _left(self, held: HeldFrame, messages: list[Message], report: Report) -> list[HeldFrame]:
        """What stays of a held row; what is behind it waits for the same keys, or for the whole topic."""
        left = [message for message in messages if message.position not in report.sent]
        refusals = [refusal for m in left if (refusal := report.refused.get(m.position)) is not None]
        whole = any(refusal.kind == "topic" for refusal in refusals)
        queue = held.frame.shard, held.frame.topic
        self._blocked[queue].update(message.key for message in left if message.key is not None)
        unknown = held.scope == "topic" and report.error is not None
        if whole or (unknown and left) or len(self._blocked[queue]) > MOST_KEYS:
            self._stopped.add(queue)
        self._held.learn_keyless(messages, report.sent, report.refused)
        scope: Scope = "topic" if unknown or (held.scope == "topic" and whole) else "key"
        reason = refusals[0].reason if refusals else held.reason
        if len(left) == len(messages) and (scope, reason) == (held.scope, held.reason):
            return [held]
        return [HeldFrame(frame, scope, reason) for frame in frames_of(left)]
