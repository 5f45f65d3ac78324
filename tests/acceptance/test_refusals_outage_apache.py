"""An outage of the broker is not a refusal: nothing is held back, and everything is published after it."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from service.stack.apache.cluster import Apache
from tests.support.ladder import running
from tests.support.registry import Registry
from tests.support.replies import Replies
from tests.support.wait import eventually

COUNT = 200
KEYS = 5
SAMPLE_SECONDS = 0.1
HELD = "SELECT count(*) FROM outbox_held"
WAITING = "SELECT coalesce(sum(messages), 0) FROM outbox_frame"


@pytest.fixture(scope="module")
async def kafka() -> AsyncIterator[Apache]:
    """A broker for these tests only, because it is stopped."""
    kafka = Apache()
    async with running(kafka):
        yield kafka


@pytest.fixture(scope="module")
def kafka_bootstrap(kafka: Apache) -> str:
    """The broker of this module, in place of the one that all tests share."""
    return kafka.address


async def test_nothing_is_held_during_an_outage_with_a_backlog(
    kafka: Apache, registry: Registry, database_url: str
) -> None:
    _, relay = await registry.started_all(("--role", "consumers"), ("--role", "relay"))
    async with Replies(registry, relay).open() as replies, never_held(database_url) as connection:
        await replies.ask("published")
        await replies.neighbours()
        # While the relay is stopped, all messages stay in the outbox until the outage begins.
        relay.send(signal.SIGSTOP)
        try:
            for number in range(COUNT):
                await replies.ask(f"waiting-{number}", key=f"key-{number % KEYS}")

            async def decided() -> bool:
                return bool(await connection.fetchval(WAITING) >= 2 * COUNT)

            await eventually(decided, deadline=60, what="an event and an outcome of each command in the outbox")
            await kafka.nodes[0].stop(signal.SIGKILL, seconds=20)
        finally:
            relay.send(signal.SIGCONT)

        async def unready() -> bool:
            return (await replies.readiness())[0] == 503

        await eventually(unready, deadline=90, what="a relay that reports the broker as unavailable")
        await kafka.start()
        await replies.released()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_nothing_is_held_when_the_broker_is_restarted_under_load(
    kafka: Apache, registry: Registry, number: signal.Signals, database_url: str
) -> None:
    service = await registry.started()
    async with Replies(registry, service).open() as replies, never_held(database_url):
        await replies.ask("before")
        await replies.neighbours()
        sending = asyncio.create_task(send(replies))
        await eventually(lambda: registry.outcomes("load-10"), what="some outcomes")
        await kafka.nodes[0].stop(number, seconds=20)
        await kafka.start()
        await sending
        await replies.released()


async def send(replies: Replies) -> None:
    """Send commands one after the other; the client retries until the broker accepts them."""
    for number in range(COUNT):
        await replies.ask(f"load-{number}", key=f"key-{number % KEYS}")


@asynccontextmanager
async def never_held(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Check that no message is held during the block, and yield a separate database connection."""
    connection, watching = await asyncpg.connect(database_url), await asyncpg.connect(database_url)
    most = 0

    async def sample() -> None:
        nonlocal most
        while True:
            most = max(most, await watching.fetchval(HELD))
            await asyncio.sleep(SAMPLE_SECONDS)

    sampling = asyncio.create_task(sample())
    try:
        yield connection
    finally:
        sampling.cancel()
        await asyncio.wait((sampling,))
        await connection.close()
        await watching.close()
    if not sampling.cancelled():
        sampling.result()
    assert most == 0, "messages were held back"
