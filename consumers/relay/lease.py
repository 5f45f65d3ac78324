"""The lease of a relay on its shards: it sends nothing when its database session was not confirmed lately.

PostgreSQL ends a session, and with it the locks of the shards, before the relay notices. A process that was stopped for
a while would otherwise send records of shards that another relay publishes now.
"""

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aiokafka.errors import KafkaConnectionError

LEASE_SECONDS = 12.0
"""More than the time between two heartbeats of the relay, each with its time-out."""


class Lease:
    """Whether a relay may send, by a clock that also counts while the process is stopped (monotonic seconds)."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._until = 0.0

    @contextmanager
    def confirmed(self) -> Iterator[None]:
        """Renew the lease, from the begin of this block, when the session answers the statement in it."""
        asked_at = self._monotonic()
        yield
        self._until = asked_at + LEASE_SECONDS

    def end(self) -> None:
        """Send nothing more: the session is lost."""
        self._until = 0.0

    @property
    def is_valid(self) -> bool:
        """Whether the session was confirmed lately."""
        return self._monotonic() < self._until


def send_while_valid(client: Any, lease: Lease) -> None:
    """Let a Kafka client send no request without a valid lease; the library treats it as a lost connection."""
    send: Callable[..., Awaitable[Any]] = client.send

    async def send_if_valid(*arguments: Any, **options: Any) -> Any:
        if not lease.is_valid:
            raise KafkaConnectionError("the database session that holds the shards is not confirmed")
        return await send(*arguments, **options)

    client.send = send_if_valid
