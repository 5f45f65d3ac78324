"""Writes present states to the outbox once more, for a new subscriber: the one writer beside the batches of commands.

Page by page, each in its own transaction under the locks of its rows, so that a snapshot stands among the events of its
subject where its version belongs.
"""

from collections.abc import AsyncIterator
from types import MappingProxyType
from typing import Final

from service import clock
from service.contract.change import Snapshot
from service.contract.snapshot import Held, association_message, state_message
from service.contract.topics import Topics
from service.core.batch import Needs
from service.settings import Settings
from service.store.errors import translated
from service.store.frame import frames_of
from service.store.frame_row import write_frames
from service.store.lock import BEGIN_SHARED
from service.store.outbox_store import CHANNEL
from service.store.pool import Connection, connect
from service.store.position import BLOCK
from service.store.statement import statement
from service.store.world_load import load_world

PAGE: Final = 500
_OUTBOX_BLOCK = statement("outbox_block")
# Beside other batches, but not while one changes the directory: its rows are read without a lock.

# What is published again, in this order: the statement that pages it, and the fields of Needs and World it is found by.
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
KINDS: Final = (*_STATES, *_ASSOCIATIONS)
"""What can be published again: the names of the snapshots without `-snapshot` or `.snapshot`."""


async def snapshots(
    settings: Settings, kind: str, organization: str | None, run: str, page: int = PAGE
) -> AsyncIterator[int]:
    """Write all states of a kind (one of KINDS) to the outbox, and give the number of each page when it is committed.

    With an organization only what is its own. `run` names this resend. Raises StoreUnavailable or StoreRace; the pages
    given before are written all the same.
    """
    topics = Topics(settings.topic_prefix)
    connection = await connect(settings, "resend")
    try:
        after: tuple[str, ...] = ("",) if kind in _STATES else ("", "")
        while after:
            with translated():
                await connection.execute(BEGIN_SHARED)
                found, after = await _page(connection, kind, organization, after, page)
                [block] = await connection.fetch(_OUTBOX_BLOCK)
                first, time = block["block"] * BLOCK, clock.stamp(clock.now())
                messages = [
                    association_message(one, run, first + number, time, topics)
                    if isinstance(one, Held)
                    else state_message(one, run, first + number, time, topics)
                    for number, one in enumerate(found)
                ]
                await write_frames(connection, frames_of(messages))
                await connection.execute(f"NOTIFY {CHANNEL}")
                await connection.execute("COMMIT")
            if messages:
                yield len(messages)
    finally:
        connection.terminate()


async def _page(
    connection: Connection, kind: str, organization: str | None, after: tuple[str, ...], page: int
) -> tuple[list[Snapshot | Held], tuple[str, ...]]:
    """The next states, their rows locked, and the key to go on after; an empty key at the end."""
    if kind in _ASSOCIATIONS:
        return await _association_page(connection, kind, organization, after, page)
    query, field = _STATES[kind]
    ids = [row["id"] for row in await connection.fetch(query, *after, organization, page)]
    world = await load_world(connection, Needs(**{field: set(ids)}))
    states = getattr(world, field)
    return [states[id_] for id_ in ids], (ids[-1],) if len(ids) == page else ()


async def _association_page(
    connection: Connection, kind: str, organization: str | None, after: tuple[str, ...], page: int
) -> tuple[list[Snapshot | Held], tuple[str, ...]]:
    query, owners_field, field = _ASSOCIATIONS[kind]
    rows = await connection.fetch(query, *after, organization, page)
    pairs = {(row["owner_id"], row["code_id"]): row["code"] for row in rows}
    world = await load_world(connection, Needs(**{owners_field: {owner for owner, _ in pairs}, field: set(pairs)}))
    owners, held = getattr(world, owners_field), getattr(world, field)
    # what was removed between the page and the lock has its own event, and is left out here
    found = [Held(held[pair], code, owners[pair[0]].version) for pair, code in pairs.items() if pair in held]
    last = rows[-1] if rows else None
    return list(found), (last["owner_id"], last["code_id"]) if last is not None and len(rows) == page else ()
