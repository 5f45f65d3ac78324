"""Operations on held messages: retry them at once, or discard them and record who did it."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.settings import Settings
from service.store.lock import RELAY_CLASS, SHARD_CLASS
from service.store.outbox_listing import Count, Row, count, operating, row_of
from service.store.outbox_store import CHANNEL, RELOAD, RETRY
from service.store.pool import Connection, transaction
from service.store.statement import statement

_NOTIFY = statement("outbox_notify")
_MEMBERSHIP = statement("relay_membership")
_HELD_LOCK = statement("outbox_held_lock")
_HELD_CHOOSE = statement("outbox_held_choose")
_DISCARD = statement("outbox_discard")


class NotHeld(Exception):
    """Nothing was changed, because no held row has these positions."""

    def __init__(self, positions: Sequence[int]) -> None:
        super().__init__(", ".join(map(str, positions)))
        self.positions = tuple(positions)


@dataclass(frozen=True, slots=True)
class Selection:
    """Held rows: by positions, by topic, or by reason (the whole reason, or its part before the first colon)."""

    positions: tuple[int, ...] | None = None
    topic: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class RetryRequest:
    """How much is held, and how many relays were asked to retry it."""

    held: Count
    relays: int


async def retry(settings: Settings) -> RetryRequest:
    """Ask the running relays to retry all held messages; raise StoreUnavailable."""
    async with operating(settings) as connection:
        held = await count(connection, None, held_only=True)
        [membership] = await connection.fetch(_MEMBERSHIP, SHARD_CLASS, RELAY_CLASS)
        await connection.fetch(_NOTIFY, CHANNEL, RETRY)
    return RetryRequest(held, membership["relays"])


async def chosen(settings: Settings, selection: Selection) -> list[Row]:
    """Return the held rows of a selection; raise NotHeld or StoreUnavailable."""
    async with operating(settings) as connection:
        return await _chosen(connection, selection)


async def discard(settings: Settings, selection: Selection, user: str) -> list[Row]:
    """Move the held rows of a selection to outbox_discarded, with the user, and notify the relays; all or nothing.

    Raises NotHeld, StoreRace or StoreUnavailable.
    """
    async with operating(settings) as connection, transaction(connection):
        await connection.execute(_HELD_LOCK)
        rows = await _chosen(connection, selection)
        if rows:
            await connection.execute(_DISCARD, [row.position for row in rows], user)
            await connection.fetch(_NOTIFY, CHANNEL, RELOAD)
        return rows


async def _chosen(connection: Connection, selection: Selection) -> list[Row]:
    records = await connection.fetch(_HELD_CHOOSE, selection.positions, selection.topic, selection.reason)
    rows = [row_of(record) for record in records]
    if missing := set(selection.positions or ()) - {row.position for row in rows}:
        raise NotHeld(sorted(missing))
    return rows
