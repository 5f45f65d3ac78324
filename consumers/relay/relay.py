"""The relay: publishes the outbox of the shards of this process, in order.

    begin ----> balance <---------------+
      ^           | shards are ours     | others come or go
      |           v                     |
      |         read ----- nothing ---> wait
      |           | frames              ^
      |           v                     |
      |        publish --- all sent --> settle
      |         |    |                  ^
      |  outage |    | refusal          | hold what is refused, and what is behind it
      |         v    +------------------+
      |       pause, then publish the rest of the same frames
      |
    forget <--- the session is lost, and with it the shards and what is in hand

Frames are read from the table only, by state: whatever is there has to be sent. Settling deletes them, and moves what
is held back to the held messages in the same transaction. `Release` tries those again meanwhile.
"""

import asyncio
import contextlib
import time

from consumers.backoff import Backoff, pause
from consumers.health import Health
from consumers.relay.delivery import Delivery
from consumers.relay.held_keys import HeldKeys
from consumers.relay.held_retry import HeldRetry
from consumers.relay.publisher import Publisher
from consumers.relay.shards import surplus, wanted
from consumers.relay.status import RelayStatus
from service.store.errors import StoreUnavailable
from service.store.outbox_store import RELOAD, RETRY, OutboxStore, RelayMembership, is_cut_off
from service.telemetry import RELAYS

BEAT_SECONDS = 1.0
BEAT_TIMEOUT_SECONDS = 5.0
POLL_SECONDS = 1.5
OBSERVE_SECONDS = 0.1
BEATS_A_COUNT = 10
ANSWER_SECONDS = 2.0


class Relay:
    """Runs until it is stopped, and then at most `end_seconds` longer.

    `held_publisher` is for messages that were refused before. `shards` are those that are ours now.
    """

    def __init__(
        self,
        outbox: OutboxStore,
        publisher: Publisher,
        held_publisher: Publisher,
        *,
        health: Health,
        end_seconds: float = 5.0,
    ) -> None:
        self.shards: frozenset[int] = frozenset()
        self._outbox = outbox
        self._publisher = publisher
        self._held = HeldKeys()
        self._release = HeldRetry(outbox.held, held_publisher, self._held, publisher.accept)
        self._status = RelayStatus(health)
        self._delivery = Delivery(publisher, self._held, self._status)
        self._end_seconds = end_seconds
        self._stopping = asyncio.Event()
        self._wake = asyncio.Event()
        self._backoff = Backoff(most=5.0)
        self._lost = False
        self._membership: RelayMembership | None = None
        self._reload = False
        self._look = False
        self._poll_at = self._observe_at = 0.0

    def stop(self) -> None:
        """Let `run` publish what there is, give the shards up and return."""
        self._stopping.set()
        self._wake.set()

    def wake(self) -> None:
        """There are new frames in the outbox."""
        self._look = True
        self._wake.set()

    async def run(self) -> None:
        """Publish until stopped; a lost session or any other trouble begins anew after a pause."""
        while not self._stopping.is_set():
            try:
                await self._begin()
                await self._work_while_session_lives()
            except Exception as error:
                self._status.fails(error)
                await self._forget()
                await pause(self._backoff.next(), self._stopping)
        await self._end()

    async def _begin(self) -> None:
        self._status.moves()
        await self._outbox.open(self._notified)
        self._membership = await self._outbox.membership(BEAT_TIMEOUT_SECONDS)

    async def _forget(self) -> None:
        """The session is lost, so the shards are not ours: give up what is in hand, at once and for good."""
        self._hold_shards(frozenset())
        # The next one who publishes these shards releases what is held of them.
        self._held.load(())
        self._delivery.forget()
        self._status.held(self._held)
        await self._publisher.abort()
        await self._release.abort()
        await self._outbox.close()

    async def _work_while_session_lives(self) -> None:
        self._lost = False
        beat, work = asyncio.create_task(self._beat()), asyncio.create_task(self._work())
        release = asyncio.create_task(self._release.run())
        stopping = asyncio.create_task(self._stopping.wait())
        tasks = (beat, work, release)
        try:
            await asyncio.wait((*tasks, stopping), return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                # What is on its way to the broker may still be answered: then it need not be sent again.
                self._lost = not self._stopping.is_set()
                self._wake.set()
                await asyncio.wait((work,), timeout=ANSWER_SECONDS if self._lost else self._end_seconds)
            if self._stopping.is_set():
                await self._end_release(release)
        finally:
            for task in (*tasks, stopping):
                task.cancel()
            await asyncio.wait((*tasks, stopping))
        # Each error is looked at; the first one is raised.
        errors = [task.exception() for task in tasks if not task.cancelled()]
        for error in filter(None, errors):
            raise error

    async def _end_release(self, release: asyncio.Task[None]) -> None:
        """End the release between two pages: what it has sent must not be held any more, or it would be sent again."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(ANSWER_SECONDS, self._end_seconds)), self._release.lock:
                release.cancel()
                await asyncio.wait((release,))

    async def _beat(self) -> None:
        """See every second that the session lives and who else does, and now and then how much waits."""
        beats = 0
        while True:
            membership = self._membership = await self._outbox.membership(BEAT_TIMEOUT_SECONDS)
            RELAYS.set(membership.relays)
            self._status.held(self._held)
            if beats % BEATS_A_COUNT == 0:
                with contextlib.suppress(StoreUnavailable):
                    self._status.waiting(await self._outbox.size(self.shards))
            beats += 1
            self._wake.set()
            await asyncio.sleep(BEAT_SECONDS)

    async def _work(self) -> None:
        while not self._stopping.is_set() and not self._lost:
            self._status.moves()
            now = time.monotonic()
            if self._membership is not None:
                membership, self._membership = self._membership, None
                await self._balance(membership)
            elif self._reload:
                async with self._release.lock:
                    await self._take_over(self.shards)
            elif (rest := self._delivery.rest(now)) > 0:
                await self._wait(rest)
            elif self._delivery:
                await self._publish()
            elif self.shards and (self._look or now >= self._poll_at):
                await self._read()
            else:
                await self._wait(max(0.0, self._poll_at - now) if self.shards else POLL_SECONDS)

    async def _wait(self, seconds: float) -> None:
        self._wake.clear()
        await pause(seconds, self._wake)

    async def _balance(self, membership: RelayMembership) -> None:
        """Give up shards beyond our part of all, or take free ones."""
        give, take = surplus(self.shards, membership), wanted(self.shards, membership)
        if give:
            # In one turn: nothing of a shard that is given up may be released any more.
            async with self._release.lock:
                await self._settle(whole=True)
                await self._outbox.unlock(give)
                await self._take_over(self.shards - give)
        elif take and (taken := await self._outbox.lock(take)):
            async with self._release.lock:
                await self._take_over(self.shards | taken)
            await self._outbox.observe()
        if not self.shards:
            self._worked()

    def _hold_shards(self, shards: frozenset[int]) -> None:
        self.shards = shards
        self._look = bool(shards)
        self._status.holds(shards)

    async def _take_over(self, shards: frozenset[int]) -> None:
        """Publish these shards from now on. What is held of them is known before: a key may be held for long."""
        # Cleared before: what is discarded meanwhile may be in what is read.
        self._reload = False
        self._held.load(())
        after = -1
        while shards and (page := await self._outbox.held.load(shards, after)):
            for held in page:
                self._held.add(held)
            after = page[-1].frame.position
        self._hold_shards(shards)
        self._status.held(self._held)
        self._release.schedule()

    async def _read(self) -> None:
        # Cleared before: what is committed meanwhile may not be in what is read.
        self._look = False
        frames = await self._outbox.read(self.shards)
        self._poll_at = time.monotonic() + POLL_SECONDS
        if not frames:
            self._delivery.nothing_left()
            self._worked()
            await self._outbox.observe()
            return
        self._delivery.take(frames)
        self._look |= is_cut_off(frames)

    async def _publish(self) -> None:
        await self._delivery.send()
        await self._settle()

    async def _settle(self, *, whole: bool = False) -> None:
        """Delete the frames of which nothing is left to send, and hold back what was refused; all when `whole`."""
        if whole and self._delivery:
            self._outbox.rewind()
        changes = self._delivery.settled(whole=whole)
        if not changes.done:
            return
        await self._outbox.settle(changes.done, changes.held, changes.rest)
        self._delivery.written(changes)
        for held in changes.held:
            self._held.add(held)
        if changes.held:
            self._status.held(self._held)
            self._release.schedule()
        self._worked()
        if (now := time.monotonic()) >= self._observe_at:
            self._observe_at = now + OBSERVE_SECONDS
            await self._outbox.observe()

    def _worked(self) -> None:
        """A read or a write succeeded: only that ends a back-off."""
        self._backoff.reset()
        if not self._delivery.is_stuck:
            self._status.works(self.shards)

    async def _end(self) -> None:
        left: Exception | None = None
        try:
            async with asyncio.timeout(self._end_seconds):
                self._look = True
                while self.shards and (self._delivery or self._look) and not self._delivery.is_stuck:
                    await (self._publish() if self._delivery else self._read())
                await self._settle(whole=True)
            await self._publisher.close()
        except (StoreUnavailable, TimeoutError) as error:
            left = error
            await self._publisher.abort()
        await self._release.abort()
        self._hold_shards(frozenset())
        await self._outbox.close()
        self._status.ended(left)

    def _notified(self, word: str) -> None:
        if word == RELOAD:
            self._reload = True
        elif word == RETRY:
            self._publisher.try_all()
            self._release.retry_now()
        self.wake()
