"""The relay: publishes the outbox of the shards that are ours, in order, each message once unless somebody dies.

What a batch of this process has committed comes straight from memory, with older rows of other writers before it; what
nobody here has seen is collected from the table. After any failure memory is forgotten and the table read again. Sent
rows are deleted in the next batch's transaction, or on their own when none comes.
"""

import asyncio
import time

from consumers.backoff import Backoff, pause
from consumers.health import Health
from consumers.outlet import Outlet, Ranges
from consumers.publisher import Publisher, PublishFailed
from consumers.shards import surplus, wanted
from service.store.errors import StoreUnavailable
from service.store.outbox_store import Census, OutboxStore
from service.store.publishing import Publishing
from service.telemetry import OUTBOX_ROWS, PUBLISH_FAILURES, PUBLISH_SECONDS, RELAYS, SHARDS_HELD, log

_log = log(__name__)

PART = "relay"
LOOP_SECONDS = 90.0
BEAT_SECONDS = 1.0
BEAT_TIMEOUT_SECONDS = 5.0
POLL_SECONDS = 1.5
LINGER_SECONDS = 0.1
BEATS_A_COUNT = 10
ANSWER_SECONDS = 2.0
AGAIN_SECONDS = 30.0


class Relay:
    """Runs until it is stopped, and then at most `end_seconds` longer.

    `lock` is the process's writer lock: what is handed out of the outbox changes under it alone.
    """

    def __init__(
        self,
        outbox: OutboxStore,
        publishing: Publishing,
        publisher: Publisher,
        lock: asyncio.Lock,
        *,
        health: Health,
        end_seconds: float = 5.0,
    ) -> None:
        self.outlet = Outlet()
        self._outbox = outbox
        self._publishing = publishing
        self._publisher = publisher
        self._lock = lock
        self._health = health
        self._end_seconds = end_seconds
        # One statement at a time on the session: the beat goes on while the work is at it.
        self._session = asyncio.Lock()
        self._census: Census | None = None
        self._collect = False
        self._poll_at = 0.0
        self._retry_at: float | None = None
        self._retry_backoff = Backoff(most=5.0)
        self._sent_at = 0.0
        self._left: tuple[Ranges, frozenset[int]] = ([], frozenset())
        self._lost = False
        self._again_at: float | None = None
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Let `run` send what it has, give the shards up and return."""
        self._stopping.set()
        self.outlet.filled.set()

    async def run(self) -> None:
        """Publish until stopped; a lost session or any other trouble begins anew after a pause."""
        backoff = Backoff(most=5.0)
        while not self._stopping.is_set():
            try:
                await self._begin()
                backoff.reset()
                await self._work_while_session_lives()
            except Exception as error:
                self._health.trouble(PART, f"{type(error).__name__}: {error}")
                known = isinstance(error, StoreUnavailable)
                _log.warning("relay_begins_anew", error=str(error), exc_info=None if known else error)
                await self._forget_session()
                await pause(backoff.next(), self._stopping)
        await self._end()

    async def _begin(self) -> None:
        self._health.beat(PART, LOOP_SECONDS)
        await self._outbox.open(self._notified)
        # What was sent before the last session was lost, and is still there, must not be sent again.
        sent, shards = self._left
        await self._outbox.discard(sent, shards)
        self._left = ([], frozenset())
        self._census = await self._outbox.census()
        self._health.well(PART)

    async def _forget_session(self) -> None:
        """The shards are no longer ours: give up what is in hand, at once and for good."""
        self.outlet.shut()
        await self._publisher.abort()
        await self._outbox.close()
        async with self._lock:
            if self._publishing.held:
                self._left = (self.outlet.take_sent(), self._publishing.held)
            self._hold(frozenset())

    async def _work_while_session_lives(self) -> None:
        self._lost = False
        beat, work = asyncio.create_task(self._beat()), asyncio.create_task(self._work())
        try:
            await asyncio.wait((beat, work), return_when=asyncio.FIRST_COMPLETED)
            if beat.done():
                # What is on its way to the broker may still be answered: then it need not be sent again.
                self._lost = True
                self.outlet.filled.set()
                await asyncio.wait((work,), timeout=ANSWER_SECONDS)
        finally:
            beat.cancel()
            work.cancel()
            await asyncio.wait((beat, work))
        for task in (beat, work):
            if not task.cancelled():
                task.result()

    async def _beat(self) -> None:
        """See every second that the session lives, who else does, and how much waits."""
        beats = 0
        while True:
            async with self._session, asyncio.timeout(BEAT_TIMEOUT_SECONDS):
                census = self._census = await self._outbox.census()
                if beats % BEATS_A_COUNT == 0:
                    OUTBOX_ROWS.set(await self._outbox.count())
            beats += 1
            RELAYS.set(census.relays)
            self.outlet.filled.set()
            await asyncio.sleep(BEAT_SECONDS)

    async def _work(self) -> None:
        while not self._stopping.is_set() and not self._lost:
            self._health.beat(PART, LOOP_SECONDS)
            now = time.monotonic()
            if self._census is not None:
                census, self._census = self._census, None
                await self._balance(census)
            elif self._retry_at is not None:
                await pause(self._retry_at - now, self._stopping)
                await self._recover()
            elif self._again_at is not None and now >= self._again_at:
                self._again_at = None
                self._publisher.try_all()
                await self._recover()
            elif len(self.outlet):
                await self._send()
            elif self._collect or now >= self._poll_at:
                await self._collect_page()
            elif self.outlet.has_sent and now >= self._sent_at + LINGER_SECONDS:
                async with self._lock:
                    await self._discard()
            else:
                await self._wait(now)

    async def _wait(self, now: float) -> None:
        until = min(self._poll_at, self._sent_at + LINGER_SECONDS) if self.outlet.has_sent else self._poll_at
        self.outlet.filled.clear()
        await pause(max(0.0, until - now), self.outlet.filled)

    async def _balance(self, census: Census) -> None:
        """Give up shards beyond our part of all, or take free ones."""
        held = self._publishing.held
        give, take = surplus(held, census), wanted(held, census)
        if not give and not take:
            return
        async with self._lock:
            await self._empty()
            if give:
                async with self._session:
                    await self._outbox.unlock(give)
                self._hold(held - give)
            else:
                async with self._session:
                    taken = await self._outbox.lock(take)
                self._hold(held | taken)

    async def _recover(self) -> None:
        """After a failure: what was sent is deleted, the rest is handed out again from the table."""
        async with self._lock:
            await self._discard()
            self._hold(self._publishing.held)

    def _hold(self, shards: frozenset[int]) -> None:
        """Publish these shards from now on, beginning with what is in the table. Under the lock."""
        if shards != self._publishing.held:
            _log.info("shards_held", shards=sorted(shards))
        self._publishing.reset(shards)
        self.outlet.shut()
        if shards:
            self.outlet.open()
        self._retry_at = None
        self._collect = bool(shards)
        SHARDS_HELD.set(len(shards))

    async def _empty(self) -> None:
        """Send and delete everything in hand, so that the shards can change. Under the lock."""
        while len(self.outlet) and self._retry_at is None:
            await self._send()
        await self._discard()

    async def _send(self) -> None:
        chunk = self.outlet.next_chunk()
        started = time.monotonic()
        try:
            sent = await self._publisher.send(chunk)
        except PublishFailed as failure:
            sent = failure.sent
            PUBLISH_FAILURES.inc()
            self._health.trouble(PART, f"the broker does not take messages: {failure}")
            self.outlet.shut()
            self._retry_at = time.monotonic() + self._retry_backoff.next()
        else:
            PUBLISH_SECONDS.observe(time.monotonic() - started)
            self._retry_backoff.reset()
            self._tell_held_back()
        self.outlet.sent(chunk, sent)
        self._sent_at = time.monotonic()

    def _tell_held_back(self) -> None:
        held_back = self._publisher.held_back
        if held_back is None:
            self._health.well(PART)
            return
        self._health.trouble(PART, f"messages wait in the outbox for {held_back}")
        if self._again_at is None:
            self._again_at = time.monotonic() + AGAIN_SECONDS

    async def _collect_page(self) -> None:
        # Cleared before: a notice that comes meanwhile is about rows this page may not have.
        self._collect = False
        async with self._lock, self._session:
            messages = await self._outbox.collect() if self._publishing.held else []
            self.outlet.hand(messages)
        if messages:
            self._collect = True
        else:
            self._tell_held_back()
        self._poll_at = time.monotonic() + POLL_SECONDS

    async def _discard(self) -> None:
        """Delete what was sent. Under the lock."""
        sent = self.outlet.take_sent()
        try:
            async with self._session:
                await self._outbox.discard(sent)
        except BaseException:
            self.outlet.give_back(sent)
            raise

    async def _end(self) -> None:
        try:
            async with asyncio.timeout(self._end_seconds), self._lock:
                if self._publishing.held:
                    await self._empty()
                self._hold(frozenset())
            await self._publisher.close()
        except (StoreUnavailable, TimeoutError) as error:
            # What is not sent lies in the outbox, for the next relay.
            _log.warning("relay_ended_with_messages_in_hand", error=f"{type(error).__name__}: {error}")
            await self._publisher.abort()
        await self._outbox.close()
        self._health.ended(PART)

    def _notified(self) -> None:
        self._collect = True
        self.outlet.filled.set()
