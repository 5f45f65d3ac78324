"""What the inbox has, by source, id and topic."""

import asyncpg

from service.store.command_id import packed_id, unpacked_id
from service.store.inbox import Key
from service.store.stored_outcome import ACCEPTED, StoredOutcome, unpacked_outcome

IS_ACCEPTED = f"get_byte(outcome, 0) = {ACCEPTED}"
"""The condition for a row of an accepted command."""

_ALL = """
    SELECT s.source, s.topic, i.command_id, i.outcome
    FROM inbox AS i LEFT JOIN inbox_sender AS s ON s.id = i.sender
"""


async def remembered(connection: "asyncpg.Connection[asyncpg.Record]") -> dict[Key, StoredOutcome]:
    """Return the outcome of each command; fail if a row has no sender."""
    found: dict[Key, StoredOutcome] = {}
    for source, topic, stored_id, outcome in await connection.fetch(_ALL):
        assert source is not None, "each row has a sender"
        id_ = unpacked_id(stored_id)
        found[source, id_, topic] = unpacked_outcome(source, id_, outcome)
    return found


async def times_decided(connection: "asyncpg.Connection[asyncpg.Record]", id_: str) -> int:
    """Return how many commands with this id are in the inbox."""
    count: int = await connection.fetchval("SELECT count(*) FROM inbox WHERE command_id = $1", packed_id(id_))
    return count
