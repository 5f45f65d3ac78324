"""Retry held messages, oldest first, until the broker accepts them."""

import asyncio
import time
from collections.abc import Callable, Sequence

from consumers.backoff import pause
from consumers.relay.held_keys import MOST_KEYS, HeldKeys, Queue, keys_of
from consumers.relay.publisher import Publisher
from consumers.relay.report import Report
from service.contract.message import Message
from service.store.frame import FrameCorrupt, frames_of, messages_of
from service.store.held_store import HeldFrame, HeldStore, Scope
from service.telemetry import log

_log = log(__name__)

RETRY_SECONDS = 10.0
"""Longest pause between two passes over all held messages, unless the last pass took long."""

REST_FACTOR = 20
"""The pause after a pass is this many times the duration of the pass, so retries take a small part of the time."""


class HeldRetry:
    """Retries held messages in passes, with its own publisher. Its `lock` is held while the held messages change.

    `accepted` is called with the partitions that accept messages again, `sent` with the report of the sent messages.
    """

    def __init__(
        self,
        store: HeldStore,
        publisher: Publisher,
        held: HeldKeys,
        accepted: Callable[[set[tuple[str, int]]], None],
        sent: Callable[[Sequence[Message], Report], None] = lambda _messages, _report: None,
    ) -> None:
        self.lock = asyncio.Lock()
        self._store = store
        self._publisher = publisher
        self._held = held
        self._accepted = accepted
        self._sent = sent
        self._scheduled = asyncio.Event()
        self._immediate = asyncio.Event()
        # Of the running pass: the last position read of each queue, queues that wait for the next pass, and keys.
        self._read: dict[Queue, int] = {}
        self._stopped: set[Queue] = set()
        self._blocked: dict[Queue, set[bytes]] = {}

    def schedule(self) -> None:
        """Start a pass when the pause after the last one is over."""
        self._scheduled.set()

    def retry_now(self) -> None:
        """Start a pass now, because an operator removed the cause."""
        self._immediate.set()
        self._scheduled.set()

    def added(self, held: HeldFrame) -> None:
        """Let later messages of the same keys wait for the next pass when the running pass has passed the new row.

        Positions of other keys may be higher, because a transaction that took its positions earlier may commit later.
        """
        queue = held.frame.shard, held.frame.topic
        if held.frame.position <= self._read.get(queue, -1):
            keys = None if held.scope == "topic" else keys_of(held.frame)
            if keys is None:
                self._stopped.add(queue)
            else:
                self._blocked.setdefault(queue, set()).update(keys)

    def end_pass(self) -> None:
        """End the running pass after its page: another relay may have held messages of these shards since it began."""
        self._read.clear()

    async def run(self) -> None:
        """Run passes until cancelled. Raises StoreUnavailable."""
        rest = 0.0
        while True:
            await pause(rest, self._immediate)
            await pause(RETRY_SECONDS, self._scheduled)
            self._immediate.clear()
            self._scheduled.clear()
            started = time.monotonic()
            if self._held:
                await self._try_all()
            rest = REST_FACTOR * (time.monotonic() - started)

    async def abort(self) -> None:
        """Abandon messages in flight; their rows still exist."""
        await self._publisher.abort()

    async def _try_all(self) -> None:
        self._publisher.try_all()
        self._stopped, self._blocked = set(), {}
        self._read = self._held.queues()
        while self._read:
            async with self.lock:
                # Shards may have been released since the last page.
                ours = self._held.queues()
                self._read = {q: at for q, at in self._read.items() if q in ours and q not in self._stopped}
                page = await self._store.page(self._read) if self._read else []
                # A queue that is not in the page may have messages that did not fit.
                self._read |= {(held.frame.shard, held.frame.topic): held.frame.position for held in page}
                if not page or not await self._try(page):
                    self._read = {}

    async def _try(self, page: list[HeldFrame]) -> bool:
        """Send the messages that are not behind a refused one. Return whether to continue with the next page."""
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
        self._sent(waiting, report)
        remaining = {held.frame.position: self._remaining(held, messages, report) for held, messages in rows}
        changed = [held for held, _ in rows if remaining[held.frame.position] != [held]]
        if changed:
            await self._store.replace({held.frame.position: remaining[held.frame.position] for held in changed})
            for held in changed:
                self._held.remove(held)
                for frame in remaining[held.frame.position]:
                    self._held.add(frame)
        if report.sent:
            _log.info("held_messages_released", messages=len(report.sent))
        self._accepted(report.accepted)
        # A page that runs out of time must not block later pages. Keys that it did not reach stay blocked.
        return report.error is None or bool(report.sent or report.refused)

    def _remaining(self, held: HeldFrame, messages: list[Message], report: Report) -> list[HeldFrame]:
        """Return what remains of a held row. Later messages wait for the same keys, or for the whole topic."""
        unsent = [message for message in messages if message.position not in report.sent]
        refusals = [refusal for m in unsent if (refusal := report.refused.get(m.position)) is not None]
        whole = any(refusal.kind == "topic" for refusal in refusals)
        queue = held.frame.shard, held.frame.topic
        self._blocked[queue].update(message.key for message in unsent if message.key is not None)
        unknown = held.scope == "topic" and report.error is not None
        if whole or (unknown and unsent) or len(self._blocked[queue]) > MOST_KEYS:
            self._stopped.add(queue)
        self._held.learn_keyless(messages, report.sent, report.refused)
        scope: Scope = "topic" if unknown or (held.scope == "topic" and whole) else "key"
        reason = refusals[0].reason if refusals else held.reason
        if len(unsent) == len(messages) and (scope, reason) == (held.scope, held.reason):
            return [held]
        return [HeldFrame(frame, scope, reason) for frame in frames_of(unsent)]
