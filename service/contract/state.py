"""Records of the state topics: the current state of each object and association, and a tombstone where one ended.

The topics are compacted: of all records with one key the last one remains.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count
from typing import Final

from service.contract.aggregate import STATES
from service.contract.catalogue import SNAPSHOTS, EventKind
from service.contract.change import Snapshot, association_snapshot
from service.contract.dense import dense
from service.contract.header import Headers
from service.contract.message import Message, shard_of
from service.contract.render import Stamp, extra_headers
from service.contract.schemas import dataschema
from service.core.association import GroupAssociation
from service.core.batch import World
from service.core.decision import Decision, Repeat
from service.core.difference import (
    Association,
    changed_associations,
    changed_states,
    ended_associations,
    owner_of,
)

KINDS: Final[dict[str, EventKind]] = {kind.type: kind for kind in SNAPSHOTS}
"""The kinds of state records, by the `type` attribute."""

ASSOCIATIONS: Final = {kind.name: kind for kind in SNAPSHOTS if kind.name.endswith(".producer-code-snapshot")}
"""The kinds of state records of associations, by name."""

_BY_NAME: Final = {kind.name: kind for kind in SNAPSHOTS}
_OBJECTS: Final = {state: (_BY_NAME[f"{kind.noun}.snapshot"], kind.key, kind.write) for state, kind in STATES.items()}


def object_key(kind: EventKind, subject: str) -> str:
    """Return the key of an object: its id. In the directory it is behind the noun, because its kinds may share an id.

    No id contains a slash.
    """
    return f"{kind.name.partition('.')[0]}/{subject}" if kind.aggregate == "directory" else subject


def state_records(
    before: World, after: World, decisions: Iterable[Decision | Repeat], position: int, stamp: Stamp
) -> Iterator[Message]:
    """Make one record for each object and association that a batch changed, however many commands changed it.

    The records begin at this position of the outbox.
    """
    records, positions = StateRecords(stamp), count(position)
    for state in changed_states(before, after):
        yield records.of_object(state, next(positions))
    for held in changed_associations(before, after):
        code = after.codes[held.code_id].code
        yield records.of_association(held, code, owner_of(held, after).version, next(positions))
    for ended in ended_associations(decisions, after):
        yield records.end_of_association(ended, owner_of(ended, after).version, next(positions))


class StateRecords:
    """Makes the state records of one transaction, whose time and topics are in the stamp."""

    __slots__ = ("_extra", "_stamp", "_time")

    def __init__(self, stamp: Stamp) -> None:
        self._stamp = stamp
        self._time = stamp.time[1].decode()
        # Records of one version share a list of headers, which a frame stores once.
        self._extra: dict[int, Headers] = {}

    def of_object(self, state: Snapshot, position: int) -> Message:
        """Return the record of an object, with its version."""
        kind, field, write = _OBJECTS[type(state)]
        data = dense({field: write(state), "changed": [], "previous": {}})
        return self._message(kind, object_key(kind, state.id), (state.id, state.version), data, position)

    def of_association(self, held: Association, code: str, owner_version: int, position: int) -> Message:
        """Return the record of an association, for the topic of its owner; `code` is the code's string."""
        kind, owner, version, content = association_snapshot(held, code, owner_version)
        return self._message(kind, held.id, (owner, version), dense(content), position)

    def end_of_association(self, ended: Association, owner_version: int, position: int) -> Message:
        """Return the tombstone of an association."""
        noun, owner = ("group", ended.group_id) if isinstance(ended, GroupAssociation) else ("user", ended.user_id)
        return self.tombstone(
            ASSOCIATIONS[f"{noun}.producer-code-snapshot"], ended.id, (owner, owner_version), position
        )

    def tombstone(self, kind: EventKind, key: str, subject: tuple[str, int], position: int) -> Message:
        """Return the tombstone of a key: its type and subject are those of the records before it."""
        return self._message(kind, key, subject, None, position)

    def _message(
        self, kind: EventKind, key: str, subject: tuple[str, int], data: bytes | None, position: int
    ) -> Message:
        id_, version = subject
        extra = self._extra.get(version)
        if extra is None:
            extra = self._extra[version] = extra_headers(self._stamp, version, [])
        return Message(
            # A hash of the content as in events would take a third of the time of the whole record. A position alone
            # is not enough: a restored database may assign it again.
            f"{self._time}-{position}",
            "state",
            id_,
            kind.type,
            self._stamp.topics.states[kind.aggregate],
            key.encode(),
            data,
            extra,
            # That of the subject, not of the key: then all records of a subject are in the order of its events.
            shard_of(id_.encode()),
            position,
            "" if data is None else dataschema(kind.name, self._stamp.topics.schema_base),
        )
