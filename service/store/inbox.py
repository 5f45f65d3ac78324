"""The inbox as a batch uses it: which of its commands are known, and the numbers of their senders.

A sender is a source and a topic. Numbers are read in each batch and never kept: a number stays valid until the end of
the transaction, because senders are removed only while no batch runs. After a rollback, a restore or a failover another
one may be right.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import asyncpg

from service.contract.envelope import Parsed, Received
from service.contract.timestamp import stamp
from service.store.command_id import packed_id
from service.store.errors import StoreRace
from service.store.pool import Connection
from service.store.statement import statement
from service.store.stored_outcome import unpacked_outcome

Key: TypeAlias = tuple[str, str, str]
"""Source, id and topic: together they identify a command."""

Sender: TypeAlias = tuple[str, str]
"""Source and topic."""

_FIND = statement("inbox_find")
_ADD = statement("inbox_sender_add")
_FIND_SENDERS = statement("inbox_sender_find")


@dataclass(frozen=True, slots=True)
class Known:
    """The original outcome of a command."""

    outcome: bytes
    decided_at: str


def key_of(received: Received) -> Key:
    """Return the key of a command in the inbox."""
    command = received.command
    return command.source, command.id, command.topic


async def find_known(connection: Connection, records: Iterable[Parsed]) -> tuple[dict[Key, Known], dict[Sender, int]]:
    """Return the outcomes of commands that were decided before, and the numbers of the senders that have one."""
    # In the order of the batch, which is the order of the index when the ids of senders rise with time.
    keys = list(dict.fromkeys(key_of(parsed) for parsed in records if isinstance(parsed, Received)))
    if not keys:
        return {}, {}
    places: dict[Sender, int] = {}
    of_keys = [places.setdefault((source, topic), len(places) + 1) for source, _, topic in keys]
    ids = [packed_id(id_) for _, id_, _ in keys]
    rows = await connection.fetch(_FIND, *zip(*places, strict=True), of_keys, ids)
    known: dict[Key, Known] = {}
    numbers: dict[Sender, int] = {}
    for row in rows:
        if row["place"] is None:
            numbers = {sender: number for sender, number in zip(places, row["numbers"], strict=True) if number}
        else:
            source, id_, topic = keys[row["place"] - 1]
            data = unpacked_outcome(source, id_, row["outcome"]).data
            known[source, id_, topic] = Known(data, stamp(row["decided_at"]))
    return known, numbers


async def number_senders(
    connection: Connection, senders: Iterable[Sender], numbers: dict[Sender, int]
) -> dict[Sender, int]:
    """Return the numbers of these senders; those without one get one, with one more round trip.

    The senders that are added are locked until the end of the transaction. Raises StoreRace.
    """
    missing = sorted({sender for sender in senders if sender not in numbers})
    if not missing:
        return numbers
    added = _numbers(await connection.fetch(_ADD, *zip(*missing, strict=True)))
    others = [sender for sender in missing if sender not in added]
    if others:
        # A later statement sees what another batch has committed while the first one waited for it.
        added |= _numbers(await connection.fetch(_FIND_SENDERS, *zip(*others, strict=True)))
    if len(added) < len(missing):
        raise StoreRace("a sender of the batch was removed")
    return {**numbers, **added}


def _numbers(rows: Iterable[asyncpg.Record]) -> dict[Sender, int]:
    return {(row["source"], row["topic"]): row["id"] for row in rows}
