"""A process that is killed while it publishes a backlog: the next one publishes the rest, with few duplicates."""

import signal
from collections import Counter

import asyncpg
import pytest

from service.store.frame_row import CHUNK_MESSAGES
from tests.load.backlog import Backlog, lay_backlog
from tests.support.registry import Registry
from tests.support.wait import eventually

COUNT = 10 * CHUNK_MESSAGES
BATCHES = (150, 1, 40, 2)
"""Commands of the batches that wrote the backlog, in turn."""

CHUNKS = 2
"""The number of messages that a killed process may have sent but not deleted."""


@pytest.mark.parametrize("point", ["mid_publish", "after_publish"])
async def test_all_messages_are_published_when_the_process_is_killed_during_a_drain(
    registry: Registry, point: str
) -> None:
    url = str(registry.settings["database_url"])
    await lay_backlog(url, registry.topics, COUNT, BATCHES)
    all_ids = expected(registry)
    service = registry.service("--role", "relay")
    # SIGKILL at the fourth of about ten chunks: a kill from outside could be too late on a fast machine.
    service.start(failpoints=f"{point}=kill@4")
    assert await service.gone(60), service.last_lines()
    assert service.code == -signal.SIGKILL
    assert COUNT / 2 < await waiting(url) < COUNT, "it was killed during the drain"

    service.start()

    async def emptied() -> bool:
        return await waiting(url) == 0

    await eventually(emptied, deadline=60, what="an empty outbox")
    await eventually(lambda: len(ids(registry).keys() & all_ids) == COUNT, deadline=60, what="every message")
    assert await service.stop() == 0, service.last_lines()
    published = ids(registry)
    assert published.keys() == all_ids
    assert published.total() - COUNT <= CHUNKS * CHUNK_MESSAGES


def ids(registry: Registry) -> Counter[str]:
    """Return how often each message was published."""
    return Counter(out.text["ce_id"] for out in registry.out)


def expected(registry: Registry) -> set[str]:
    """Return the ids of all messages of the backlog: the same seed gives the same messages."""
    return {message.id for message in Backlog(registry.topics).batch(1, COUNT // 2)}


async def waiting(url: str) -> int:
    """Return the number of messages in the outbox."""
    connection = await asyncpg.connect(url)
    try:
        count: int = await connection.fetchval("SELECT COALESCE(sum(messages), 0)::int FROM outbox_frame")
        return count
    finally:
        await connection.close()
