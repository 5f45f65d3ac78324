"""The relay: publishes the outbox shards of this process, in order. Its states are in service/README.md.

Frames are read only from the table: every frame in it has to be sent. Settling deletes frames, and moves held messages
to their own table in the same transaction. `HeldRetry` retries held messages at the same time.
"""

import asyncio
import contextlib
import time

from consumers.backoff import Backoff, pause
from consumers.health import Health
from consumers.relay.chunk_publisher import ChunkPublisher
from consumers.relay.held_keys import HeldKeys
from consumers.relay.held_retry import HeldRetry
from consumers.relay.lease import Lease
from consumers.relay.publisher import Publisher
from consumers.relay.shards import shards_to_acquire, shards_to_release
from consumers.relay.status import RelayStatus
from service.store.errors import StoreError, StoreUnavailable
from service.store.outbox_store import RELOAD, RETRY, OutboxStore, RelayMembership, is_cut_off
from service.telemetry import RELAYS

HEARTBEAT_SECONDS = 1.0
HEARTBEAT_TIMEOUT_SECONDS = 5.0
POLL_SECONDS = 1.5
OBSERVE_SECONDS = 0.1
HEARTBEATS_PER_COUNT = 10
ANSWER_SECONDS = 2.0


class Relay:
    """Publishes the outbox until it is stopped, and then for at most `end_seconds`.

    `held_publisher` sends messages that were refused before. `shards` are those that this relay publishes now.
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
        self._status = RelayStatus(health)
        self._chunk = ChunkPublisher(publisher, self._held, self._status)
        self._late = self._chunk.late
        lift = publisher.lift_refusals
        self._held_retry = HeldRetry(outbox.held, held_publisher, self._held, lift, self._late.record)
        self._lease = publisher.lease = held_publisher.lease = Lease()
        self._end_seconds = end_seconds
        self._stopping = asyncio.Event()
        self._wake = asyncio.Event()
        self._backoff = Backoff(most=5.0)
        self._lost = False
        self._membership: RelayMembership | None = None
        self._reload = False
        # Whether a write to the outbox was interrupted: then nobody knows which messages are held.
        self._writing = False
        self._read_due = False
        self._poll_at = self._observe_at = 0.0

    def stop(self) -> None:
        """Let `run` publish all frames that are there, release the shards and return."""
        self._stopping.set()
        self._wake.set()

    def wake(self) -> None:
        """Read the outbox soon, because it has new frames."""
        self._read_due = True
        self._wake.set()

    async def run(self) -> None:
        """Publish until stopped. After a lost session or any other error, connect again after a pause."""
        while not self._stopping.is_set():
            try:
                await self._connect()
                await self._work_while_session_lives()
            except Exception as error:
                self._status.mark_failed(error)
                await self._disconnect()
                await pause(self._backoff.next(), self._stopping)
        await self._end()

    async def _connect(self) -> None:
        self._status.heartbeat()
        with self._lease.confirmed():
            await self._outbox.open(self._notified)
            self._membership = await self._outbox.membership(HEARTBEAT_TIMEOUT_SECONDS)

    async def _disconnect(self) -> None:
        """Abandon the chunk at once: the session is lost, so the shards belong to other relays."""
        self._lease.end()
        self._set_shards(frozenset())
        # The next relay of these shards retries their held messages.
        self._held.load(())
        self._chunk.discard()
        self._writing = False
        self._status.report_held(self._held)
        await self._publisher.abort()
        await self._held_retry.abort()
        await self._outbox.close()

    async def _work_while_session_lives(self) -> None:
        self._lost = False
        heartbeat, work = asyncio.create_task(self._heartbeat()), asyncio.create_task(self._work())
        held_retry = asyncio.create_task(self._held_retry.run())
        stopping = asyncio.create_task(self._stopping.wait())
        tasks = (heartbeat, work, held_retry)
        try:
            await asyncio.wait((*tasks, stopping), return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                # The broker may still answer for messages in flight: then they need not be sent again.
                self._lost = not self._stopping.is_set()
                if self._lost:
                    self._lease.end()
                self._wake.set()
                await asyncio.wait((work,), timeout=ANSWER_SECONDS if self._lost else self._end_seconds)
            if self._stopping.is_set():
                await self._end_held_retry(held_retry)
        finally:
            for task in (*tasks, stopping):
                task.cancel()
            await asyncio.wait((*tasks, stopping))
        # Every error is retrieved; the first one is raised.
        errors = [task.exception() for task in tasks if not task.cancelled()]
        for error in filter(None, errors):
            raise error

    async def _end_held_retry(self, held_retry: asyncio.Task[None]) -> None:
        """End the retry between two pages: rows of sent messages have to be deleted, or they would be sent again."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(ANSWER_SECONDS, self._end_seconds)), self._held_retry.lock:
                held_retry.cancel()
                await asyncio.wait((held_retry,))

    async def _heartbeat(self) -> None:
        """Check the session and the other relays every second, and count the backlog every ten seconds."""
        beats = 0
        while True:
            with self._lease.confirmed():
                membership = self._membership = await self._outbox.membership(HEARTBEAT_TIMEOUT_SECONDS)
            RELAYS.set(membership.relays)
            self._status.report_held(self._held)
            if beats % HEARTBEATS_PER_COUNT == 0:
                with contextlib.suppress(StoreUnavailable):
                    self._status.report_backlog(await self._outbox.size(self.shards))
            beats += 1
            self._wake.set()
            await asyncio.sleep(HEARTBEAT_SECONDS)

    async def _work(self) -> None:
        while not self._stopping.is_set() and not self._lost:
            self._status.heartbeat()
            now = time.monotonic()
            if self._membership is not None:
                membership, self._membership = self._membership, None
                await self._balance(membership)
            elif self._reload:
                async with self._held_retry.lock:
                    await self._take_over(self.shards)
            elif (delay := self._chunk.retry_delay(now)) > 0:
                await self._wait(delay)
            elif self._late and await self._chunk.repeat():
                continue
            elif self._chunk:
                await self._publish()
            elif self.shards and (self._read_due or now >= self._poll_at):
                await self._read()
            else:
                await self._wait(max(0.0, self._poll_at - now) if self.shards else POLL_SECONDS)

    async def _wait(self, seconds: float) -> None:
        self._wake.clear()
        await pause(seconds, self._wake)

    async def _balance(self, membership: RelayMembership) -> None:
        """Release shards that exceed this relay's part, or acquire free ones."""
        release, acquire = shards_to_release(self.shards, membership), shards_to_acquire(self.shards, membership)
        if release and not self._late:
            # Not while records may have to be sent again, which the next relay does not know. Under the lock: held
            # messages of a released shard must not be retried any more.
            async with self._held_retry.lock:
                await self._settle(whole=True)
                await self._outbox.unlock(release)
                await self._take_over(self.shards - release)
        elif acquire and (acquired := await self._outbox.lock(acquire)):
            async with self._held_retry.lock:
                self._late.taken_over(acquired)
                await self._take_over(self.shards | acquired)
            await self._outbox.observe()
        if not self.shards:
            await self._found_nothing()

    def _set_shards(self, shards: frozenset[int]) -> None:
        self.shards = shards
        self._read_due = bool(shards)
        self._status.set_shards(shards)

    async def _take_over(self, shards: frozenset[int]) -> None:
        """Publish these shards from now on. Held keys are loaded first, because messages behind them must wait."""
        # Cleared before the read: messages that are discarded during the read may be in its result.
        self._reload = False
        self._held_retry.end_pass()
        self._held.load(())
        after = -1
        while shards and (page := await self._outbox.held.load(shards, after)):
            for held in page:
                self._held.add(held)
            after = page[-1].frame.position
        self._set_shards(shards)
        self._status.report_held(self._held)
        self._held_retry.schedule()

    async def _read(self) -> None:
        # Cleared before the read: frames that are committed during the read may be missing in its result.
        self._read_due = False
        frames = await self._outbox.read(self.shards)
        self._poll_at = time.monotonic() + POLL_SECONDS
        if not frames:
            self._chunk.outbox_empty()
            await self._outbox.observe()
            await self._found_nothing()
            return
        self._chunk.start(frames)
        self._read_due |= is_cut_off(frames)

    async def _publish(self) -> None:
        await self._chunk.send()
        await self._settle()

    async def _settle(self, *, whole: bool = False) -> None:
        """Delete the frames with no message left to send, and hold refused messages; abandon the chunk when `whole`."""
        if whole and self._chunk:
            self._outbox.rewind()
        changes = self._chunk.take_settled(whole=whole)
        if not changes.done:
            return
        self._writing = True
        with self._lease.confirmed():
            await self._outbox.settle(changes.done, changes.held, changes.rest)
        self._chunk.written(changes)
        for held in changes.held:
            self._held.add(held)
            self._held_retry.added(held)
        self._writing = False
        if changes.held:
            self._status.report_held(self._held)
            self._held_retry.schedule()
        self._succeeded()
        if (now := time.monotonic()) >= self._observe_at:
            self._observe_at = now + OBSERVE_SECONDS
            await self._outbox.observe()

    async def _found_nothing(self) -> None:
        """Try what failed before without effect: the work that it failed for may be with another relay now."""
        await self._outbox.probe()
        self._succeeded()

    def _succeeded(self) -> None:
        """Reset the back-off after a read or a write that succeeded, unless another operation still fails."""
        if self._outbox.is_failing:
            return
        self._backoff.reset()
        if not self._chunk.is_blocked:
            self._status.mark_working(self.shards)

    async def _end(self) -> None:
        failure: Exception | None = None
        try:
            async with asyncio.timeout(self._end_seconds):
                if self._writing:
                    raise StoreUnavailable("the last write to the outbox was interrupted")
                self._read_due = True
                while self.shards and (self._chunk or self._read_due) and not self._chunk.is_blocked:
                    await (self._publish() if self._chunk else self._read())
                await self._settle(whole=True)
            await self._publisher.close()
        except (StoreError, TimeoutError) as error:
            failure = error
            await self._publisher.abort()
        await self._held_retry.abort()
        self._set_shards(frozenset())
        await self._outbox.close()
        self._status.report_end(failure)

    def _notified(self, payload: str) -> None:
        if payload == RELOAD:
            self._reload = True
        elif payload == RETRY:
            self._publisher.try_all()
            self._held_retry.retry_now()
        self.wake()
