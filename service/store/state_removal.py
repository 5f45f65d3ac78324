"""Tombstones for keys of the state topics that the registry does not have, as after a restore.

Only the topics know these keys: what they were written for exists in the lost database only.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from service.contract.catalogue import EventKind
from service.contract.message import Message
from service.contract.render import stamp_of
from service.contract.state import ASSOCIATIONS, StateRecords
from service.contract.timestamp import stamp
from service.contract.topics import Topics
from service.core.batch import Needs
from service.settings import Settings
from service.store.epoch import connect_writer
from service.store.errors import translated_in
from service.store.frame import frames_of
from service.store.frame_row import write_frames
from service.store.lock import BEGIN_ALONE, BEGIN_SHARED
from service.store.outbox_store import CHANNEL
from service.store.pool import Connection
from service.store.position import BLOCK
from service.store.snapshot_store import ASSOCIATION_FIELDS, PAGE, STATE_FIELDS
from service.store.world_load import Loaded, load_world


@dataclass(frozen=True, slots=True)
class StateKey:
    """A key of a state topic, with kind, subject and version of its last record; `code_id` of an association only."""

    kind: EventKind
    key: str
    subject: str
    version: int
    code_id: str = ""


class StateRemoval:
    """Finds unknown keys, and writes their tombstones to the outbox, in one session."""

    def __init__(self, connection: Connection, topics: Topics) -> None:
        self._connection = connection
        self._topics = topics

    async def unknown(self, keys: Iterable[StateKey]) -> list[StateKey]:
        """Return the keys that the registry does not have now. Raises StoreUnavailable or StoreRace."""
        async with translated_in(self._connection):
            await self._connection.execute(BEGIN_SHARED)
            found, _ = await _unknown(self._connection, list(keys))
            await self._connection.execute("COMMIT")
        return found

    async def write(self, keys: Sequence[StateKey]) -> int:
        """Write the tombstones of those that are still unknown, and return their number. Raises as `unknown` does.

        No batch runs at the same time: one that creates the object may have taken an earlier position, and commit
        later.
        """
        connection, written = self._connection, 0
        for start in range(0, len(keys), PAGE):
            async with translated_in(connection):
                await connection.execute(BEGIN_ALONE)
                unknown, loaded = await _unknown(connection, keys[start : start + PAGE])
                records = StateRecords(stamp_of(stamp(loaded.decided_at), self._topics))
                first = loaded.block * BLOCK
                messages: list[Message] = [
                    records.tombstone(one.kind, one.key, (one.subject, one.version), first + number)
                    for number, one in enumerate(unknown)
                ]
                await write_frames(connection, frames_of(messages))
                await connection.execute(f"NOTIFY {CHANNEL}")
                await connection.execute("COMMIT")
            written += len(unknown)
        return written


@asynccontextmanager
async def state_removal(settings: Settings) -> AsyncIterator[StateRemoval]:
    """Open a session for the removal of unknown keys; raise StoreUnavailable."""
    connection = await connect_writer(settings, "resend")
    try:
        yield StateRemoval(connection, Topics(settings.topic_prefix, settings.schema_base_uri))
    finally:
        connection.terminate()


async def _unknown(connection: Connection, keys: Sequence[StateKey]) -> tuple[list[StateKey], Loaded]:
    needed: dict[str, set[str] | set[tuple[str, str]]] = {}
    for one in keys:
        if one.kind.name in ASSOCIATIONS:
            owners, field = ASSOCIATION_FIELDS[_noun(one)]
            needed.setdefault(owners, set()).add(one.subject)  # type: ignore[arg-type]
            needed.setdefault(field, set()).add((one.subject, one.code_id))  # type: ignore[arg-type]
        else:
            needed.setdefault(STATE_FIELDS[_noun(one)], set()).add(one.subject)  # type: ignore[arg-type]
    loaded = await load_world(connection, Needs(**needed))  # type: ignore[arg-type]

    def is_known(one: StateKey) -> bool:
        if one.kind.name not in ASSOCIATIONS:
            return one.subject in getattr(loaded.world, STATE_FIELDS[_noun(one)])
        held = getattr(loaded.world, ASSOCIATION_FIELDS[_noun(one)][1]).get((one.subject, one.code_id))
        return held is not None and held.id == one.key

    return [one for one in keys if not is_known(one)], loaded


def _noun(one: StateKey) -> str:
    """Return the kind as `resend` names it."""
    return one.kind.name.removesuffix("snapshot").rstrip(".-")
