"""Write current states to the outbox, as snapshots for a new subscriber or as records of the state topics.

Each page is a transaction that locks its rows, so that a snapshot is in the order of its version among the events of
its subject.
"""

from collections.abc import AsyncIterator, Sequence
from types import MappingProxyType
from typing import Final

from service.contract.change import Snapshot
from service.contract.message import Message
from service.contract.render import stamp_of
from service.contract.snapshot import Held, association_message, state_message
from service.contract.state import StateRecords
from service.contract.timestamp import stamp
from service.contract.topics import Topics
from service.core.batch import Needs
from service.settings import Settings
from service.store.epoch import connect_writer
from service.store.errors import translated_in
from service.store.frame import frames_of
from service.store.frame_row import write_frames
from service.store.lock import BEGIN_SHARED
from service.store.outbox_store import CHANNEL
from service.store.pool import Connection
from service.store.position import BLOCK
from service.store.statement import statement
from service.store.world_load import Loaded, load_world

PAGE: Final = 500

# What can be published again, in this order: the statement for a page of it, and its fields in Needs and World.
_STATES: Final = MappingProxyType(
    {
        "organization": (statement("snapshot/organization"), "organizations"),
        "branch": (statement("snapshot/branch"), "branches"),
        "role": (statement("snapshot/role"), "roles"),
        "product": (statement("snapshot/product"), "products"),
        "producer-code": (statement("snapshot/producer_code"), "codes"),
        "group": (statement("snapshot/group"), "groups"),
        "user": (statement("snapshot/user"), "users"),
    }
)
_ASSOCIATIONS: Final = MappingProxyType(
    {
        "group.producer-code": (statement("snapshot/group_association"), "groups", "group_associations"),
        "user.producer-code": (statement("snapshot/user_association"), "users", "user_associations"),
    }
)
STATE_FIELDS: Final = MappingProxyType({kind: field for kind, (_, field) in _STATES.items()})
ASSOCIATION_FIELDS: Final = MappingProxyType({kind: tuple(fields) for kind, (_, *fields) in _ASSOCIATIONS.items()})
"""The fields in Needs and World: of objects, and of the owners of associations with the associations."""

KINDS: Final = (*_STATES, *_ASSOCIATIONS)
"""Kinds of snapshots: their names without `-snapshot` or `.snapshot`."""


async def snapshots(
    settings: Settings, kind: str, organization: str | None, run: str, page: int = PAGE, *, state_topics: bool = False
) -> AsyncIterator[int]:
    """Write all states of a kind (one of KINDS) to the outbox; yield the number of states of each committed page.

    With an organization, only the states that belong to it. `run` is the name of this resend. With `state_topics` the
    messages are records of the state topics. Raises StoreUnavailable or StoreRace; pages that were yielded before stay
    written.
    """
    topics = Topics(settings.topic_prefix, settings.schema_base_uri)
    connection = await connect_writer(settings, "resend")
    try:
        after: tuple[str, ...] = ("",) if kind in _STATES else ("", "")
        while after:
            async with translated_in(connection):
                # Not while a batch changes the directory, whose rows are read without a lock.
                await connection.execute(BEGIN_SHARED)
                states, after, loaded = await _page(connection, kind, organization, after, page)
                first, time = loaded.block * BLOCK, stamp(loaded.decided_at)
                if state_topics:
                    messages = _state_records(states, first, time, topics)
                else:
                    messages = [
                        association_message(one, run, first + number, time, topics)
                        if isinstance(one, Held)
                        else state_message(one, run, first + number, time, topics)
                        for number, one in enumerate(states)
                    ]
                await write_frames(connection, frames_of(messages))
                await connection.execute(f"NOTIFY {CHANNEL}")
                await connection.execute("COMMIT")
            if messages:
                yield len(messages)
    finally:
        connection.terminate()


def _state_records(states: Sequence[Snapshot | Held], first: int, time: str, topics: Topics) -> list[Message]:
    records = StateRecords(stamp_of(time, topics))
    return [
        records.of_association(one.association, one.code, one.owner_version, first + number)
        if isinstance(one, Held)
        else records.of_object(one, first + number)
        for number, one in enumerate(states)
    ]


async def _page(
    connection: Connection, kind: str, organization: str | None, after: tuple[str, ...], page: int
) -> tuple[list[Snapshot | Held], tuple[str, ...], Loaded]:
    """Return the next states, with their rows locked, the key to continue after (empty at the end), and all loaded."""
    if kind in _ASSOCIATIONS:
        return await _association_page(connection, kind, organization, after, page)
    query, field = _STATES[kind]
    ids = [row["id"] for row in await connection.fetch(query, *after, organization, page)]
    loaded = await load_world(connection, Needs(**{field: set(ids)}))
    states = getattr(loaded.world, field)
    return [states[id_] for id_ in ids], (ids[-1],) if len(ids) == page else (), loaded


async def _association_page(
    connection: Connection, kind: str, organization: str | None, after: tuple[str, ...], page: int
) -> tuple[list[Snapshot | Held], tuple[str, ...], Loaded]:
    query, owners_field, field = _ASSOCIATIONS[kind]
    rows = await connection.fetch(query, *after, organization, page)
    pairs = {(row["owner_id"], row["code_id"]): row["code"] for row in rows}
    loaded = await load_world(connection, Needs(**{owners_field: {owner for owner, _ in pairs}, field: set(pairs)}))
    owners, held = getattr(loaded.world, owners_field), getattr(loaded.world, field)
    # An association that was removed between the page and the lock has its own event, and is left out.
    states = [Held(held[pair], code, owners[pair[0]].version) for pair, code in pairs.items() if pair in held]
    last = rows[-1] if rows else None
    following = (last["owner_id"], last["code_id"]) if last is not None and len(rows) == page else ()
    return list(states), following, loaded
