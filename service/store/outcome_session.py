"""One session of an API process that hears of decided commands and reads what became of them."""

from collections.abc import Callable, Sequence
from typing import Final

import asyncpg

from service.contract.topics import Topics
from service.settings import Settings
from service.store.command_states import CommandState, SentCommand, read_states
from service.store.errors import StoreUnavailable, translated_in
from service.store.http_notification import CHANNEL
from service.store.offset_fence import Origin
from service.store.pool import BY_KEY, Connection, connect

# A standby refuses LISTEN.
_NO_LISTEN: Final = (asyncpg.ReadOnlySQLTransactionError, asyncpg.ObjectNotInPrerequisiteStateError)


class OutcomeSession:
    """A session for `states`. While `listens` is true, the server reports each batch with commands from HTTP.

    It reads in the session that listens, so both are always of the same server.
    """

    def __init__(self, settings: Settings, topics: Topics) -> None:
        self._settings = settings
        self._topics = topics
        self._connection: Connection | None = None
        self._on_notify: Callable[[], None] = lambda: None
        self.listens = False

    @property
    def is_open(self) -> bool:
        """Whether the session is open, as far as this process knows."""
        return self._connection is not None and not self._connection.is_closed()

    async def open(self, on_notify: Callable[[], None]) -> None:
        """Open a new session; `on_notify` is called for each notification, and when the session ends.

        Raises StoreUnavailable.
        """
        self.close()
        self._on_notify = on_notify
        self._connection = connection = await connect(self._settings, "outcomes", BY_KEY)
        try:
            await self.listen()
        except BaseException:
            self.close()
            raise
        connection.add_termination_listener(lambda _: on_notify())

    async def listen(self) -> None:
        """Ask the server for notifications; `listens` says whether it agreed. Raises StoreUnavailable."""
        connection = self._required()
        async with translated_in(connection):
            try:
                await connection.add_listener(CHANNEL, lambda *_: self._on_notify())
                self.listens = True
            except _NO_LISTEN:
                self.listens = False

    async def states(self, sent: Sequence[SentCommand], origin: Origin | None) -> list[CommandState]:
        """Return the state of each command, in their order; see `command_states`. Raises StoreUnavailable."""
        connection = self._required()
        async with translated_in(connection):
            return await read_states(connection, sent, self._topics, origin)

    def close(self) -> None:
        """End the session."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    def _required(self) -> Connection:
        if self._connection is None:
            raise StoreUnavailable("the session is not open")
        return self._connection
