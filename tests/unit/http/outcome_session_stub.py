"""A session of waiting requests without a database."""

import asyncio
from collections.abc import Callable, Sequence

from service.store.command_states import CommandState, SentCommand
from service.store.errors import StoreUnavailable
from service.store.offset_fence import Origin

UNKNOWN = CommandState(None, None, passed=False)
DECIDED = CommandState("accepted", b"{}", passed=False)
DEAD = CommandState(None, None, passed=True)


class StubSession:
    """A session with the states of commands by id; it notifies only when the test does."""

    def __init__(self) -> None:
        self.by_id: dict[str, CommandState] = {}
        self.asked: list[list[str]] = []
        self.origins: list[Origin | None] = []
        self.opened = 0
        self.failing = False
        self.listens = True
        self.is_open = False
        self.notify: Callable[[], None] = lambda: None
        self.on_states: Callable[[], None] = lambda: None
        self.on_listen: Callable[[], None] = lambda: None
        self.listen_attempts = 0

    async def open(self, on_notify: Callable[[], None]) -> None:
        if self.failing:
            raise StoreUnavailable("away")
        self.opened += 1
        self.notify, self.is_open = on_notify, True

    async def listen(self) -> None:
        self.listen_attempts += 1
        self.on_listen()

    async def states(self, sent: Sequence[SentCommand], origin: Origin | None) -> list[CommandState]:
        if self.failing or not self.is_open:
            self.is_open = False
            raise StoreUnavailable("away")
        self.asked.append([one.id for one in sent])
        self.origins.append(origin)
        found = [self.by_id.get(one.id, UNKNOWN) for one in sent]
        await asyncio.sleep(0)
        self.on_states()
        return found

    def close(self) -> None:
        self.is_open = False
