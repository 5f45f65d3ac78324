"""The parts of the API that need the broker: the identity of the command topic, and writes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from consumers.kafka.command_publisher import CommandPublisher
from consumers.kafka.command_topic import TopicIdentity
from consumers.shutdown import Shutdown
from service.contract.topics import Topics
from service.http.outcome_wait import OutcomeWaits
from service.http.publisher import Publisher
from service.settings import InvalidSettings, Settings, variable
from service.store.offset_fence import Origin
from service.store.outcome_session import OutcomeSession
from service.telemetry import HTTP_WRITES_WAITING, HTTP_WRITES_WAITING_LIMIT


@dataclass(frozen=True, slots=True)
class BrokerSide:
    """What `create_app` takes: `origin` is None without a broker, `writes` if the API only reads."""

    origin: Callable[[], Awaitable[Origin | None]] | None = None
    writes: tuple[Publisher, OutcomeWaits] | None = None

    def end_waits(self) -> None:
        """Answer the requests that wait for an outcome: the process ends."""
        if self.writes is not None:
            self.writes[1].end()


def check_writes(settings: Settings) -> None:
    """Raise InvalidSettings if writes are required and no broker is configured."""
    if settings.http_writes == "on" and not settings.kafka_bootstrap_servers:
        raise InvalidSettings([f"{variable('http_writes')}: on requires {variable('kafka_bootstrap_servers')}"])


@asynccontextmanager
async def broker_side(settings: Settings, shutdown: Shutdown) -> AsyncIterator[BrokerSide]:
    """Run these parts while the block runs. They connect when they are needed, so the broker may be unavailable."""
    if not settings.kafka_bootstrap_servers:
        yield BrokerSide()
        return
    topic = TopicIdentity(settings)
    try:
        if settings.http_writes == "off":
            yield BrokerSide(topic.origin)
            return
        publisher = CommandPublisher(settings)
        waits = OutcomeWaits(
            OutcomeSession(settings, Topics(settings.topic_prefix)), topic.origin, settings.http_writes_waiting
        )
        HTTP_WRITES_WAITING_LIMIT.set(settings.http_writes_waiting)
        HTTP_WRITES_WAITING.set_function(lambda: waits.waiting)
        waiting = asyncio.create_task(waits.run())
        shutdown.watch(waiting, "outcomes of HTTP writes")
        try:
            yield BrokerSide(topic.origin, (publisher, waits))
        finally:
            waiting.cancel()
            await asyncio.wait((waiting,))
            await publisher.close()
    finally:
        await topic.close()
