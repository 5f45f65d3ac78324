"""Requests that wait for the outcomes of their commands: one statement answers all of them.

A request is registered before its command is published, so that no outcome is missed. The statement runs when the
database reports a batch with commands from HTTP, after each connect, and once in a while in case a report was lost.
Between these checks it asks only for requests that are new.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final, Protocol

from service.log_condition import LogCondition
from service.store.command_states import CommandState, SentCommand
from service.store.errors import StoreError, StoreUnavailable
from service.store.offset_fence import Origin
from service.telemetry import log

LISTENING_SECONDS: Final = 1.0
"""Time between two checks while the database reports batches."""

ALONE_SECONDS: Final = 0.25
"""Time between two checks of a server that reports nothing, such as a standby."""

LISTEN_AGAIN_SECONDS: Final = 10.0
"""Time between two attempts to hear of batches from a server that reported nothing: a standby may be promoted."""

RECONNECT_SECONDS: Final = 0.5

ASK_SECONDS: Final = 1.0
"""Time between two questions which topic the command topic is now."""

TRUSTED_SECONDS: Final = 2.0
"""How old the answer may be."""

_log = log(__name__)


class Session(Protocol):
    """A database session that hears of batches, as `service.store.outcome_session` provides it."""

    @property
    def listens(self) -> bool:
        """Whether the server reports batches."""

    @property
    def is_open(self) -> bool:
        """Whether the session is open."""

    async def open(self, on_notify: Callable[[], None]) -> None:
        """Open a new session. Raises StoreUnavailable."""

    async def listen(self) -> None:
        """Ask the server again to report batches, in the open session. Raises StoreUnavailable."""

    async def states(self, sent: Sequence[SentCommand], origin: Origin | None) -> list[CommandState]:
        """Return the state of each command. Raises StoreUnavailable."""

    def close(self) -> None:
        """End the session."""


class TooManyWaiting(Exception):
    """As many requests as allowed wait for an outcome."""


class WaitEnded(TimeoutError):
    """The process ends: no request waits any longer."""


class Waiting:
    """A request that waits for the outcome of one command; leave the context to end the wait."""

    def __init__(self, waits: "OutcomeWaits", source: str, identifier: str) -> None:
        self._waits = waits
        self.sent = SentCommand(source, identifier)
        self.unpublished_at = 0
        """Number of checks of all requests that were due when the command was not published yet."""
        self.checked: asyncio.Future[CommandState] = asyncio.get_running_loop().create_future()
        self.ended: asyncio.Future[CommandState] = asyncio.get_running_loop().create_future()

    def __enter__(self) -> "Waiting":
        self._waits.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._waits.remove(self)

    async def first(self, seconds: float) -> CommandState:
        """Return what the inbox knew of the command after the request was registered.

        Raises StoreUnavailable, and TimeoutError after this time.
        """
        return await _within(seconds, self.checked)

    def publishing(self) -> None:
        """Take note that the command is about to be published: no batch that was reported until now has it."""
        self.unpublished_at = self._waits.due

    def published(self, partition: int, offset: int) -> None:
        """Take the place of the command's record: behind it, a command without an outcome is a dead letter."""
        self.sent = replace(self.sent, partition=partition, offset=offset)
        self._waits.placed(self)

    async def outcome(self, seconds: float) -> CommandState:
        """Wait for the outcome; a state without one means that the command became a dead letter.

        Raises TimeoutError after this time, and WaitEnded.
        """
        return await _within(seconds, self.ended)


class OutcomeWaits:
    """All waiting requests of a process, at most `most`."""

    def __init__(self, session: Session, origin: Callable[[], Awaitable[Origin | None]], most: int) -> None:
        self._session = session
        self._origin = origin
        self._most = most
        self._unreadable = LogCondition(_log, "outcomes_unreadable", "outcomes_readable_again")
        self._waiting: set[Waiting] = set()
        self._new: set[Waiting] = set()
        self._all_due = 0
        self._all_checked = 0
        self._all_checked_at = float("-inf")
        self._woken = asyncio.Event()
        self._known: Origin | None = None
        self._asked_at = float("-inf")
        self._asking: asyncio.Task[None] | None = None
        self._listen_at = 0.0
        self._has_ended = False

    @property
    def waiting(self) -> int:
        """Number of waiting requests."""
        return len(self._waiting)

    @property
    def due(self) -> int:
        """Number of checks of all requests that were due until now."""
        return self._all_due

    def register(self, source: str, identifier: str) -> Waiting:
        """Return the context of a request that waits for this command. Raises TooManyWaiting."""
        if len(self._waiting) >= self._most:
            raise TooManyWaiting
        return Waiting(self, source, identifier)

    def add(self, one: Waiting) -> None:
        """Register a request, and check what is known of its command."""
        self._waiting.add(one)
        if self._has_ended:
            _end(one)
        one.unpublished_at = self._all_due
        self._check_soon(one)

    def placed(self, one: Waiting) -> None:
        """Check whether the mark has passed a request's place, if a batch was reported before the place was known."""
        if one.unpublished_at != self._all_due:
            self._check_soon(one)

    def _check_soon(self, one: Waiting) -> None:
        self._new.add(one)
        self._woken.set()

    def remove(self, one: Waiting) -> None:
        """Forget a request."""
        self._waiting.discard(one)
        self._new.discard(one)
        one.checked.cancel()
        one.ended.cancel()

    def wake(self) -> None:
        """Check all requests now."""
        self._all_due += 1
        self._woken.set()

    def end(self) -> None:
        """Let no request wait for an outcome any longer: the process ends. Later requests are still checked once."""
        self._has_ended = True
        for one in self._waiting:
            _end(one)

    async def run(self) -> None:
        """Answer the waiting requests until this is cancelled."""
        # Whether the last session has answered. If it ends later, a new one may answer at once.
        has_answered = True
        try:
            while True:
                try:
                    await self._session.open(self.wake)
                    self._listen_at = time.monotonic() + LISTEN_AGAIN_SECONDS
                    self.wake()
                    while self._session.is_open:
                        await self._wait()
                        if self._waiting:
                            await self._listen()
                            await self._check()
                            has_answered = True
                except StoreError as error:
                    if not has_answered:
                        self._refuse(error)
                        await asyncio.sleep(RECONNECT_SECONDS)
                    has_answered = False
                    self._session.close()
        finally:
            self._session.close()
            if self._asking is not None:
                self._asking.cancel()

    async def _wait(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, self._seconds_left()) if self._waiting else None):
                await self._woken.wait()
        self._woken.clear()

    async def _listen(self) -> None:
        """Try to hear of batches from now on, if the server reports none. The check that follows misses nothing."""
        now = time.monotonic()
        if not self._session.listens and now >= self._listen_at:
            self._listen_at = now + LISTEN_AGAIN_SECONDS
            await self._session.listen()
            self._all_due += 1

    def _seconds_left(self) -> float:
        """Return the time until all requests are checked without a report."""
        seconds = LISTENING_SECONDS if self._session.listens else ALONE_SECONDS
        return self._all_checked_at + seconds - time.monotonic()

    async def _check(self) -> None:
        """Answer the requests that wait now: all of them if that is due, otherwise those that are new.

        A request whose command is on its way is checked when its place is known.
        """
        chosen = self._new
        if self._all_checked != self._all_due or self._seconds_left() <= 0:
            chosen = {one for one in self._waiting if one.sent.offset is not None or not one.checked.done()}
            self._all_checked, self._all_checked_at = self._all_due, time.monotonic()
        asked = [(one, one.sent) for one in chosen]
        self._new.clear()
        if not asked:
            return
        placed = any(sent.offset is not None for _, sent in asked)
        origin = self._topic_now() if placed else None
        states = await self._session.states([sent for _, sent in asked], origin)
        self._unreadable.ended()
        for (one, sent), state in zip(asked, states, strict=True):
            if not one.checked.done():
                one.checked.set_result(state)
            if not one.ended.done() and (state.status is not None or (state.passed and sent.offset is not None)):
                one.ended.set_result(state)

    def _topic_now(self) -> Origin | None:
        """Return the command topic as it is now, None while that is not known: no check waits for the broker."""
        now = time.monotonic()
        if self._asking is None and now - self._asked_at >= ASK_SECONDS:
            self._asking = asyncio.create_task(self._ask(now))
        return self._known if now - self._asked_at < TRUSTED_SECONDS else None

    async def _ask(self, now: float) -> None:
        try:
            self._known = await self._origin()
        finally:
            self._asked_at, self._asking = now, None
            self.wake()

    def _refuse(self, error: StoreError) -> None:
        """Answer the requests whose commands are not published yet; the others may still get an outcome."""
        self._unreadable.lasts(error=str(error), waiting=len(self._waiting))
        for one in self._waiting:
            if not one.checked.done():
                one.checked.set_exception(StoreUnavailable(str(error)))
                # The request may have ended meanwhile.
                one.checked.exception()


async def _within(seconds: float, state: "asyncio.Future[CommandState]") -> CommandState:
    """Return the state; raise TimeoutError after this time. `asyncio.timeout` takes three times as long."""
    timer = asyncio.get_running_loop().call_later(max(0.0, seconds), _expire, state)
    try:
        return await state
    finally:
        timer.cancel()


def _expire(state: "asyncio.Future[CommandState]") -> None:
    if not state.done():
        state.set_exception(TimeoutError())


def _end(one: Waiting) -> None:
    if not one.ended.done():
        one.ended.set_exception(WaitEnded())
        # Nobody may ask for it: the command is not published yet.
        one.ended.exception()
