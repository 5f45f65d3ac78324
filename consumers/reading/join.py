"""Join the consumer group."""

import asyncio
from functools import partial
from typing import Final

from consumers.backoff import Backoff, pause
from consumers.health import Health
from consumers.kafka.permission import denied
from consumers.reading.assignment import READING
from consumers.reading.subscriber import Subscription
from consumers.shutdown import Shutdown

JOIN_SECONDS: Final = 10.0


async def join(subscription: Subscription, group: str, health: Health, shutdown: Shutdown) -> bool:
    """Join the group; False when the shutdown begins before that succeeds."""
    backoff = Backoff(most=5.0)
    while not shutdown.stop.is_set():
        starting = asyncio.create_task(subscription.start())
        stopping = asyncio.create_task(shutdown.stop.wait())
        either = partial(asyncio.wait, (starting, stopping), return_when=asyncio.FIRST_COMPLETED)
        done, _ = await either(timeout=JOIN_SECONDS)
        if not done:
            # The client library retries without a limit and raises no error.
            health.mark_not_ready(READING, f"could not join the group {group} within {JOIN_SECONDS:g} s")
            await either()
        stopping.cancel()
        if starting.done() and starting.exception() is None:
            return True
        starting.cancel()
        await asyncio.wait((starting,))
        await subscription.stop()
        if not starting.cancelled() and (error := starting.exception()) is not None:
            health.mark_not_ready(READING, f"cannot join the group {group}: {denied(error, 'READ') or repr(error)}")
            await pause(backoff.next(), shutdown.stop)
    return False
